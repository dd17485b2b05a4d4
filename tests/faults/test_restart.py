"""Stopped and started again: everything is there, everybody is still signed in, nothing was left running."""

from tests.faults.journal import open_journal
from tests.faults.product import signed_up, until


async def test_a_second_start_goes_on_where_the_first_one_stopped(product):
    async with signed_up(product, "ada") as client:
        journal = await open_journal(client)
        for n in range(5):
            await journal.post_message(f"Message numeral{n}. Words before the stop.")
            await journal.upload(f"name{n}.txt", f"Words of file {n}.".encode())
        await journal.check()
        port, folder = product.port, product.home
        assert await product.stop() == 0
        await until(lambda: product.processes() == [], within_s=60)
        assert product.sockets() == []
        assert [path.name for path in (folder / "run").iterdir()] == ["lock"]
        await product.start()
        assert product.port == port
        assert (await client.get("/auth/me")).status_code == 200
        await journal.check()
        await journal.post_message("Message numeral99. Words after the stop.")
        await journal.check()
