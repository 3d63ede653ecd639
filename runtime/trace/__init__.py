"""The trace: every call, exception, module, thread and process of a machine as events. See docs/trace.md."""

from __future__ import annotations

from runtime.trace.categories import CATEGORIES

__all__ = ["CATEGORIES"]
