import pytest

from tests.browser_keys import NewBrowser

USUAL = {
    "saved_search.matches": {"in_app": True, "email": "off", "push": False},
    "webhook.disabled": {"in_app": True, "email": "off", "push": False},
    "mention": {"in_app": True, "email": "off", "push": True},
    "invited": {"in_app": True, "email": "off", "push": True},
    "reply.finished": {"in_app": False, "email": "off", "push": False},
    "file.ready": {"in_app": False, "email": "off", "push": False},
    "file.failed": {"in_app": True, "email": "off", "push": False},
}


def browser(endpoint="https://push.example.org/1"):
    return {"endpoint": endpoint, "expirationTime": None, "keys": NewBrowser().keys}


async def test_what_nobody_said_is_as_usual(mine):
    told = (await mine.get("/api/notifications/settings")).json()
    key = told.pop("push_key")
    assert told == {
        "kinds": USUAL,
        "tz": "UTC",
        "quiet_from": None,
        "quiet_until": None,
        "digest_at": "08:00",
        "sends_email": False,
    }
    assert (len(key), (await mine.get("/api/notifications/settings")).json()["push_key"]) == (
        87,
        key,
    )


async def test_what_is_said_is_kept_for_that_person_alone(mine, his):
    ways = {"in_app": False, "email": "daily", "push": False}
    hours = {
        "tz": "Europe/Berlin",
        "quiet_from": "22:00",
        "quiet_until": "07:30",
        "digest_at": "18:15",
    }
    said = await mine.put("/api/notifications/settings", json={"kinds": {"mention": ways}, **hours})
    kept = (await mine.get("/api/notifications/settings")).json()
    assert said.json() == kept
    assert kept["kinds"] == {**USUAL, "mention": ways}
    assert {name: kept[name] for name in hours} == hours
    assert (await his.get("/api/notifications/settings")).json()["kinds"] == USUAL
    again = (await mine.put("/api/notifications/settings", json={})).json()
    assert (again["kinds"]["mention"], again["quiet_from"]) == (ways, None)


async def test_what_is_wanted_in_no_way_is_not_written(mine, his):
    nothing = {"in_app": False, "email": "off", "push": False}
    await his.put("/api/notifications/settings", json={"kinds": {"invited": nothing}})
    talk = (await mine.post("/api/conversations", json={})).json()["id"]
    email = (await his.get("/api/auth/me")).json()["email"]
    await mine.post(f"/api/conversations/{talk}/members", json={"principal": email})
    assert (await his.get("/api/notifications")).json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"tz": "Mars"},
        {"quiet_from": "22:00"},
        {"quiet_from": "24:00", "quiet_until": "07:00"},
        {"digest_at": "8:00"},
        {"kinds": {"rain": {"in_app": True, "email": "off", "push": False}}},
        {"kinds": {"mention": {"in_app": True, "email": "hourly", "push": False}}},
    ],
)
async def test_what_cannot_be_is_refused(mine, body):
    assert (await mine.put("/api/notifications/settings", json=body)).status_code == 400


async def test_browsers_are_listed_once_each_and_removed(mine, his):
    made = (await mine.post("/api/notifications/push", json=browser())).json()
    again = (await mine.post("/api/notifications/push", json=browser())).json()
    assert made["id"] == again["id"]
    listed = (await mine.get("/api/notifications/push")).json()["items"]
    assert listed == [
        {
            "id": made["id"],
            "endpoint": "https://push.example.org/1",
            "created_at": made["created_at"],
        }
    ]
    assert (await his.get("/api/notifications/push")).json()["items"] == []
    assert (await his.delete(f"/api/notifications/push/{made['id']}")).status_code == 404
    assert (await mine.delete(f"/api/notifications/push/{made['id']}")).status_code == 204


async def test_the_oldest_of_too_many_browsers_goes(mine, monkeypatch):
    monkeypatch.setattr("api.notices.settings.MOST_BROWSERS", 2)
    for n in range(3):
        await mine.post("/api/notifications/push", json=browser(f"https://push.example.org/{n}"))
    listed = (await mine.get("/api/notifications/push")).json()["items"]
    assert [row["endpoint"][-1] for row in listed] == ["1", "2"]


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "https://127.0.0.1/x"},
        {"endpoint": "https://[::ffff:a9fe:a9fe]/x"},
        {"endpoint": "ftp://push.example.org"},
        {"keys": {"p256dh": "?", "auth": "AAAA"}},
        {"keys": {"p256dh": "AAAA", "auth": "AAAA"}},
    ],
)
async def test_only_browsers_at_public_addresses_are_taken(mine, change):
    assert (
        await mine.post("/api/notifications/push", json={**browser(), **change})
    ).status_code == 400
