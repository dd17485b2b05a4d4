from dataclasses import replace

import orjson
import pytest

from api.conversations.posting import NewMessage, NewRun, post
from core.ids import new_id
from llm.budget import Budgets
from llm.catalogue import Facts
from llm.chat import Image
from llm.image_tokens import Area
from llm.images import ALL_BYTES, IMAGE_BYTES, Question, find_pictures
from llm.openai import OpenAIChat
from llm.options import ReplyOptions
from llm.reply import reply
from tests.llm.make_image import make_image
from tests.llm.replying import Fixed, deps, fenced, make_run, state_of
from tests.llm.vendor_server import Reply, vendor_server
from tests.make import make_colleague, make_scope
from tests.workers.made import make_conversation, make_file, make_message, make_version

PNG = make_image("PNG", (300, 250))
NOTED = make_image("PNG", (300, 250), exif=b"Exif\0\0 by its owner, at home")
COST = Area(1600)


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
def look(resources, owner_connection, scope):
    """Attach files, of which the first `asked` to the question, and return the images that it is asked with."""

    async def looked(*files, asked=99, options=None, by=scope):
        conversation_id = await make_conversation(owner_connection, scope)
        message_id = await make_message(
            owner_connection, resources, scope, "Who?", conversation_id=conversation_id
        )
        await owner_connection.executemany(
            "INSERT INTO message_attachment (workspace_id, message_id, file_id) VALUES ($1, $2, $3)",
            [(scope.workspace_id, message_id, each.file_id) for each in files[:asked]],
        )
        ids = [each.file_id for each in files]
        question = Question(message_id, ids, options or ReplyOptions())
        pool, blobs = resources.app, resources.blobs
        return await find_pictures(pool, blobs, by, question=question, cost=COST)

    return looked


@pytest.fixture
def attach(resources, owner_connection, scope):
    async def attached(data=PNG, name="a.png"):
        return await make_file(owner_connection, resources, scope, data, name=name)

    return attached


def fates(pictures):
    return [(each.name, each.fate) for each in pictures]


async def test_an_image_is_known_by_its_bytes_and_shown_without_its_metadata(attach, look):
    text, image = await attach(b"Words.", "photo.png"), await attach(NOTED, "notes.txt")
    (shown,) = await look(text, image)
    assert shown.image == Image("image/png", PNG)
    assert (shown.file_id, shown.version, shown.name, shown.size_bytes, shown.tokens) == (
        image.file_id,
        1,
        "notes.txt",
        len(NOTED),
        100,
    )


async def test_the_version_of_now_is_shown(resources, owner_connection, attach, look):
    image = await attach()
    newer = make_image("GIF")
    await make_version(owner_connection, resources, image, newer, name="b.gif")
    (shown,) = await look(image)
    assert (shown.version, shown.name, shown.image) == (2, "b.gif", Image("image/gif", newer))


async def test_what_the_asker_may_not_read_now_is_not_there(owner_connection, attach, look, scope):
    mine, binned = await attach(name="mine.png"), await attach(name="binned.png")
    await owner_connection.execute(
        "UPDATE item SET deleted_at = now() WHERE id = $1", binned.file_id
    )
    assert fates(await look(mine, binned)) == [("mine.png", "shown")]
    colleague = await make_colleague(owner_connection, scope)
    assert await look(mine, by=colleague) == ()


async def test_what_is_too_large_cut_off_or_gone_is_left_out(resources, attach, look):
    gone = await attach(make_image("WEBP"), "gone.webp")
    await resources.blobs.delete(gone.key)
    files = [
        await attach(make_image(padded_to=IMAGE_BYTES + 1), "heavy.png"),
        await attach(make_image("GIF", (8_001, 1)), "wide.gif"),
        await attach(PNG[:20], "cut.png"),
        await attach(PNG[:-9], "short.png"),
        gone,
        await attach(make_image(padded_to=IMAGE_BYTES - 1), "fits.png"),
    ]
    assert fates(await look(*files)) == [
        ("heavy.png", "too large"),
        ("wide.gif", "too large"),
        ("cut.png", "unreadable"),
        ("short.png", "unreadable"),
        ("fits.png", "shown"),
    ]


async def test_the_first_five_are_shown(attach, look):
    files = [await attach(make_image(size=(n, 1)), f"{n}.png") for n in range(1, 8)]
    assert [each.fate for each in await look(*files)] == ["shown"] * 5 + ["too many"] * 2


async def test_together_they_take_no_more_than_a_request_may(attach, look):
    sizes = [IMAGE_BYTES, IMAGE_BYTES - 1, ALL_BYTES - 2 * IMAGE_BYTES + 2, 500]
    files = [await attach(make_image(padded_to=size), f"{size}.png") for size in sizes]
    assert [each.fate for each in await look(*files)] == ["shown", "shown", "too many", "shown"]


async def test_images_of_earlier_messages_are_shown_unless_only_other_files_are_wanted(
    attach, look
):
    own, earlier, other = [await attach(name=name) for name in ("own.png", "earlier.png", "other.png")]  # fmt: skip
    files = (own, earlier, other)
    only = ReplyOptions(sources="files", files=(other.file_id, new_id()))
    assert [name for name, _ in fates(await look(*files, asked=1, options=only))] == [
        "own.png",
        "other.png",
    ]
    for options in (ReplyOptions(sources="files"), ReplyOptions(sources="conversation"), None):
        assert len(await look(*files, asked=1, options=options)) == 3


SAYS = Reply(words=("A cat.",))


@pytest.fixture
def answer(resources, owner_connection):
    """Have a run answered, and return what the vendor was asked and which images the trace tells."""

    async def answered(run, *, known=Facts(images=COST), budgets=Budgets(), script=(SAYS,)):  # noqa: B008  (frozen)
        async with vendor_server(*script) as vendor, fenced(resources) as fence:
            model = OpenAIChat("fake", api_key="none", base_url=f"{vendor.base_url}/v1")
            given = replace(
                deps(resources, model, budgets=budgets), models=Fixed(model, known=known)
            )
            await reply(given, fence, run_id=run.id)
            await model.aclose()
        trace = await owner_connection.fetchval("SELECT trace FROM run WHERE id = $1", run.id)
        told = orjson.loads(trace)["images"] if trace else []
        return vendor.requests, [(each["file_id"], each["fate"]) for each in told]

    return answered


@pytest.fixture
def ask(resources, owner_connection, scope):
    async def asked(*files, **more):
        ids = tuple(each.file_id for each in files)
        return await make_run(
            owner_connection, resources, scope, question="Who is it?", attachments=ids, facts=(), model="m", **more,
        )  # fmt: skip

    return asked


async def test_a_model_that_sees_answers_from_an_image_alone(attach, ask, answer, owner_connection):
    image = await attach()
    run = await ask(image)
    (asked,), traced = await answer(run)
    words, shown = asked["messages"][-1]["content"]
    assert "1. a.png\n\nQuestion: Who is it?" in words["text"]
    assert shown == {"type": "image_url", "image_url": {"url": Image("image/png", PNG).data_uri}}
    assert traced == [(str(image.file_id), "shown")]
    assert (await state_of(owner_connection, run))[0] == "complete"


@pytest.mark.parametrize("citations", ["auto", "required"])
async def test_images_that_the_provider_refuses_are_told_to_be_refused(
    attach, ask, answer, citations
):
    large, small = await attach(make_image(size=(9_000, 1)), "large.png"), await attach()
    run = await ask(large, small, request=f'{{"citations": "{citations}"}}')
    _, traced = await answer(run, script=(Reply(fault="bad_request"), SAYS, SAYS))
    assert traced == [(str(large.file_id), "too large"), (str(small.file_id), "refused")]


async def test_the_next_question_is_asked_with_the_image_too(attach, ask, answer, resources, scope):
    image = await attach()
    first = await ask(image)
    await answer(first)
    async with resources.app.write_tx(scope) as conn:
        new = NewMessage("And how old?", None, None, ())
        posted = await post(conn, scope, first.conversation_id, new=new, run=NewRun("m", "{}"))
    requests, traced = await answer(replace(first, id=posted.run_id))
    kinds = [type(message["content"]) for message in requests[-1]["messages"][1:]]
    assert (kinds, traced) == ([str, str, list], [(str(image.file_id), "shown")])


async def test_an_image_that_the_asker_lost_before_the_reply_is_neither_shown_nor_told(
    attach, ask, answer, owner_connection
):
    image = await attach()
    run = await ask(image)
    await owner_connection.execute("DELETE FROM access_grant WHERE item_id = $1", image.file_id)
    assert await answer(run) == ([], [])
    assert (await state_of(owner_connection, run))[0] == "abstained"


async def test_an_image_that_is_too_large_is_named_to_the_model(attach, ask, answer):
    large, small = await attach(make_image(size=(9_000, 1)), "large.png"), await attach()
    (asked,), traced = await answer(await ask(large, small))
    words, shown = asked["messages"][-1]["content"]
    assert "1. a.png\n- large.png: an image that is too large to show\n" in words["text"]
    assert (shown["type"], traced) == (
        "image_url",
        [(str(large.file_id), "too large"), (str(small.file_id), "shown")],
    )


async def test_a_model_that_sees_nothing_is_shown_nothing(attach, ask, answer):
    run = await ask(await attach(), request='{"abstain": false}')
    (asked,), traced = await answer(run, known=Facts())
    assert ("a.png" in asked["messages"][-1]["content"], traced) == (False, [])


async def test_images_are_counted_before_a_provider_is_asked(attach, ask, answer, owner_connection):
    image = await attach(make_image(size=(1000, 1000)))  # 1,334 tokens
    for tokens, state in ((10_000, "failed"), (11_500, "complete")):
        run = await ask(image)
        await answer(run, budgets=Budgets(person_tokens=tokens))
        assert (await state_of(owner_connection, run))[0] == state
