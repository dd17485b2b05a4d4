"""What replies took, in a dialog: days, models, people, and a picture of it."""

from playwright.async_api import expect


async def test_tokens_are_shown_by_day_and_for_an_admin_by_person(ada, owner_connection):
    for model, tokens in (("openai:big", 1200), ("openai:small", 34)):
        conversation_id, _ = await ada.say("Hello", title=model)
        await owner_connection.execute(
            "INSERT INTO title_call (workspace_id, conversation_id, account_id, model, input_tokens, cost_micros)"
            " SELECT workspace_id, id, owner_id, $2, $3, $4 FROM item WHERE id = $1",
            conversation_id, model, tokens, tokens * 1000,
        )  # fmt: skip
    page = ada.page
    await page.locator("#bell summary").focus()
    await page.keyboard.press("Enter")
    await page.locator("#usage-open").focus()
    await page.keyboard.press("Enter")
    rows = page.locator("#usage-days tbody tr")
    today = await owner_connection.fetchval("SELECT (now() AT TIME ZONE 'UTC')::date::text")
    await expect(rows).to_have_text([f"{today}openai:big01,200$1.20", f"{today}openai:small034$0.0340"])  # fmt: skip
    await expect(page.get_by_role("img", name="at most 1,234 a day")).to_be_visible()
    await expect(page.locator("#usage rect")).to_have_count(30)
    await page.select_option("#usage-of", "people")
    await expect(rows.first).to_have_text(f"{today}Adaopenai:big01,200$1.20")
    await page.keyboard.press("Escape")
    await expect(page.locator("#usage")).to_be_hidden()
