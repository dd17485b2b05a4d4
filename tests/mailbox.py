"""A real SMTP server that keeps what it is given, and answers recipients as a test wants."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass
class Mailbox:
    """`answers` to RCPT TO in turn, the last one from then on; `letters` as they came, `signed_in` by whom."""

    port: int = 0
    answers: list[str] = field(default_factory=lambda: ["250 ok"])
    letters: list[EmailMessage] = field(default_factory=list[EmailMessage])
    signed_in: list[str] = field(default_factory=list[str])

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mailbox\r\n")
        while line := (await reader.readline()).decode().strip():
            command = line.upper()
            if command.startswith("EHLO"):
                writer.write(b"250-mailbox\r\n250 AUTH PLAIN\r\n")
            elif command.startswith("AUTH"):
                self.signed_in.append(line)
                writer.write(b"235 ok\r\n")
            elif command.startswith("RCPT"):
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                writer.write(f"{answer}\r\n".encode())
            elif command == "DATA":
                writer.write(b"354 go on\r\n")
                body = await reader.readuntil(b"\r\n.\r\n")
                self.letters.append(message_from_bytes(body[:-3], policy=default))
                writer.write(b"250 kept\r\n")
            elif command == "QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def mailbox(*answers: str) -> AsyncGenerator[Mailbox]:
    box = Mailbox(answers=list(answers) or ["250 ok"])
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box
