"""Somebody in front of the page, and what they do there more than once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, Page, expect

DATA = Path(__file__).parent.parent / "data"
PDF = DATA / "files" / "multi_page.pdf"
_CALL = "async ([path, given]) => (await import('/api.js')).api(path, given)"


@dataclass(frozen=True, slots=True)
class Person:
    page: Page
    url: str

    async def open(self, address: str) -> None:
        """Go to an address within the page, like `#/files`."""
        await self.page.goto(f"{self.url}/{address}")

    async def call(self, path: str, method: str = "GET", body: object = None) -> Any:
        """Use the API as the page does: for what a test needs and is not about."""
        given = {"method": method} if body is None else {"method": method, "body": body}
        return await self.page.evaluate(_CALL, [path, given])

    async def say(self, content: str, *, title: str = "") -> tuple[str, str]:
        """Post a message in a new conversation; return the ids of both."""
        conversation = await self.call("/conversations", "POST", {"title": title})
        path = f"/conversations/{conversation['id']}/messages"
        message = await self.call(path, "POST", {"content": content})
        return conversation["id"], message["id"]

    def file(self, name: str) -> Locator:
        return self.page.locator("#files .row").filter(has=self.page.get_by_text(name, exact=True))

    async def upload(self, *files: Path | dict[str, object], state: str = "Ready") -> None:
        """Send files and wait until each is read."""
        await self.open("#/files")
        await self.page.set_input_files("#pick-files", files)  # pyright: ignore[reportArgumentType]
        for file in files:
            name = file.name if isinstance(file, Path) else str(file["name"])
            await expect(self.file(name).locator(".state")).to_have_text(state)

    async def ask(self, question: str) -> Locator:
        """Put a question into a new conversation; return the row of its reply, which may be going on."""
        await self.open("#/c/new")
        await self.page.fill("#composer-text", question)
        await self.page.keyboard.press("Enter")
        return self.page.locator(".message.assistant")


def text_file(name: str, text: str) -> dict[str, object]:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
