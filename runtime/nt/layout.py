"""Where things lie in the TEB, the PEB and their neighbours: Windows 10 build 19045.

Offsets in bytes. Source: the public symbols of ntdll.pdb 10.0.19041 as documented by Microsoft and the Vergilius and
Geoff Chappell projects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Layout:
    """The offsets that depend on the pointer size of a process."""

    pointer_size: int
    # TEB
    exception_list: int
    stack_base: int
    stack_limit: int
    self_pointer: int
    client_id: int
    tls_pointer: int
    peb_pointer: int
    last_error: int
    current_locale: int
    last_status: int
    static_unicode_string: int
    static_unicode_buffer: int
    deallocation_stack: int
    tls_slots: int
    tls_expansion_slots: int
    real_client_id: int
    guaranteed_stack_bytes: int
    teb_size: int
    # PEB
    image_base: int
    ldr: int
    process_parameters: int
    process_heap: int
    fast_peb_lock: int
    api_set_map: int
    tls_bitmap: int
    tls_bitmap_bits: int
    ansi_code_page_data: int
    number_of_processors: int
    nt_global_flag: int
    critical_section_timeout: int
    heap_segment_reserve: int
    number_of_heaps: int
    process_heaps: int
    loader_lock: int
    os_version: int
    image_subsystem: int
    tls_expansion_bitmap: int
    tls_expansion_bits: int
    session_id: int
    fls_bitmap: int
    peb_size: int


X64: Final = Layout(
    pointer_size=8,
    exception_list=0x0,
    stack_base=0x8,
    stack_limit=0x10,
    self_pointer=0x30,
    client_id=0x40,
    tls_pointer=0x58,
    peb_pointer=0x60,
    last_error=0x68,
    current_locale=0x108,
    last_status=0x1250,
    static_unicode_string=0x1258,
    static_unicode_buffer=0x1268,
    deallocation_stack=0x1478,
    tls_slots=0x1480,
    tls_expansion_slots=0x1780,
    real_client_id=0x7D8,
    guaranteed_stack_bytes=0x1748,
    teb_size=0x2000,
    image_base=0x10,
    ldr=0x18,
    process_parameters=0x20,
    process_heap=0x30,
    fast_peb_lock=0x38,
    api_set_map=0x68,
    tls_bitmap=0x78,
    tls_bitmap_bits=0x80,
    ansi_code_page_data=0xA0,
    number_of_processors=0xB8,
    nt_global_flag=0xBC,
    critical_section_timeout=0xC0,
    heap_segment_reserve=0xC8,
    number_of_heaps=0xE8,
    process_heaps=0xF0,
    loader_lock=0x110,
    os_version=0x118,
    image_subsystem=0x128,
    tls_expansion_bitmap=0x238,
    tls_expansion_bits=0x240,
    session_id=0x2C0,
    fls_bitmap=0x320,
    peb_size=0x1000,
)

SHARED_USER_DATA: Final = 0x7FFE0000
