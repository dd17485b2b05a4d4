from prometheus_client import Counter, Gauge, Histogram, generate_latest

from api import metrics


def test_every_metric_is_ours_by_name_and_says_what_it_counts():
    text = generate_latest().decode()
    ours = [m for m in vars(metrics).values() if isinstance(m, Counter | Gauge | Histogram)]
    assert len(ours) >= 7
    for metric in ours:
        (family,) = metric.describe()
        assert family.name.startswith("recollect_")
        assert f"# HELP {family.name}" in text
        assert family.documentation
