"""OpenAI's Responses API, by the official SDK: every event has a number, so what is doubled or out of order is refused.

A stream is whole only with response.completed or response.incomplete; failures arrive inside a 200 stream.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from openai.types.responses import (
    EasyInputMessageParam,
    ResponseInputImageParam,
    ResponseStreamEvent,
)
from openai.types.responses.response import Response

from llm.chat import (
    ChatEvent,
    ChatMessage,
    Delta,
    Finish,
    FinishReason,
    Image,
    ModelUnavailable,
    Thinking,
    Usage,
)
from llm.openai import PERMANENT_CODES, OpenAIVendor
from llm.vendor import Ours, RawStream, follow, refused_for

_FINISH: dict[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "refused"}
_THOUGHTS = frozenset({"response.reasoning_summary_text.delta", "response.reasoning_text.delta"})


class ResponsesChat(OpenAIVendor[ResponseStreamEvent]):
    async def _open(
        self, messages: Sequence[ChatMessage], max_tokens: int
    ) -> RawStream[ResponseStreamEvent]:
        return await self._client.responses.create(
            model=self.name,
            instructions="\n\n".join(m.content for m in messages if m.role == "system"),
            input=[_wire(message) for message in messages if message.role != "system"],
            max_output_tokens=max_tokens,
            store=False,
            stream=True,
        )

    def _events(self, raw: AsyncIterator[ResponseStreamEvent]) -> AsyncGenerator[ChatEvent, None]:
        return follow(raw, _Reader().read)


class _Reader:
    """Follows one response's events and refuses those that come out of order."""

    def __init__(self) -> None:
        self._last = -1
        self._declined = False

    def read(self, event: ResponseStreamEvent) -> list[ChatEvent]:
        if int(event.sequence_number) <= self._last:
            raise ModelUnavailable(f"The model sent {event.type} out of order.")
        self._last = int(event.sequence_number)
        if event.type == "response.output_text.delta":
            return [Delta("" + event.delta)]
        if event.type in _THOUGHTS:
            return [Thinking()]
        if event.type == "response.refusal.done":
            self._declined = True
        elif event.type in {"response.failed", "error"}:
            raise _failed(event)
        elif event.type == "response.completed" or event.type == "response.incomplete":
            return self._end(event.response)
        return []

    def _end(self, response: Response) -> list[ChatEvent]:
        reason: FinishReason = "refused" if self._declined else "stop"
        if response.incomplete_details is not None:
            reason = _FINISH.get(response.incomplete_details.reason or "", "length")
        usage = response.usage
        counts = [Usage(int(usage.input_tokens), int(usage.output_tokens))] if usage else []
        return [*counts, Finish(reason)]


def _failed(event: ResponseStreamEvent) -> Ours:
    code: str | None = None
    if event.type == "response.failed" and event.response.error is not None:
        code = event.response.error.code
    elif event.type == "error":
        code = event.code
    if code in PERMANENT_CODES:
        return refused_for(code)
    return ModelUnavailable("The model's server reported an error in mid-stream.")


def _wire(message: ChatMessage) -> EasyInputMessageParam:
    if message.role == "assistant":
        return {"role": "assistant", "content": message.content}
    if not message.images:
        return {"role": "user", "content": message.content}
    images = (_image(each) for each in message.images)
    return {"role": "user", "content": [{"type": "input_text", "text": message.content}, *images]}


def _image(given: Image) -> ResponseInputImageParam:
    return {"type": "input_image", "image_url": given.data_uri, "detail": "auto"}
