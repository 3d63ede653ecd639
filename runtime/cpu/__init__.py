"""The processor: engines, page tables, guest-physical memory."""

from runtime.cpu import native as native  # before anything can load libunicorn
