"""A few words that a model is asked for beside a reply: the wording of a query, a title. Nobody reads along, so they come whole."""

from collections.abc import Sequence
from contextlib import aclosing

from llm.chat import (
    Answering,
    ChatMessage,
    ChatModel,
    Delta,
    Finish,
    FinishReason,
    ModelNotAsked,
    ModelRefused,
    Usage,
)
from llm.spent import spent


class ShortAnswer:
    """What came of one call; one that broke off keeps what had come, and what that took."""

    def __init__(self, asked: Sequence[ChatMessage]) -> None:
        self._asked = asked
        self._written = ""
        self._told: Usage | None = None
        self._finish: FinishReason | None = None
        self._took_nothing = False
        self.answered_by = ""  # where another model than the one asked stepped in

    async def listen(self, model: ChatModel, *, max_tokens: int) -> None:
        try:
            async with aclosing(model.stream(self._asked, max_tokens=max_tokens)) as events:
                async for event in events:
                    if isinstance(event, Delta):
                        self._written += event.text
                    elif isinstance(event, Usage):
                        self._told = event
                    elif isinstance(event, Answering):
                        self.answered_by, self._told = event.name, None
                    elif isinstance(event, Finish):
                        self._finish = event.reason
        except (ModelRefused, ModelNotAsked):
            self._took_nothing = True
            raise

    @property
    def text(self) -> str:
        """Return what the model wrote, "" unless it came to its own end."""
        return self._written if self._finish == "stop" else ""

    @property
    def usage(self) -> Usage:
        if self._took_nothing:
            return self._told or Usage(0, 0)
        return spent(self._told, self._asked, self._written, has_ended=self._finish is not None)
