"""Whether an image's headers and sections lie as Windows demands before it maps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.loader.pe import FILE_EXECUTABLE_IMAGE, PAGE, SECTOR, align_up

if TYPE_CHECKING:
    from runtime.loader.pe import Image


def check_layout(image: Image) -> None:
    """Raise ImageError where Windows would refuse to map this as an image, for whatever machine it is."""
    _check_alignments(image)
    if not image.characteristics & FILE_EXECUTABLE_IMAGE:
        raise image.error("the characteristics lack EXECUTABLE_IMAGE: the linker reported errors")
    if image.image_base % 0x10000:
        raise image.error(f"image base {image.image_base:#x} is not a multiple of 64 KiB")
    if not 0 < image.size_of_headers <= image.size_of_image:
        raise image.error(
            f"size of headers {image.size_of_headers:#x} is not within the image ({image.size_of_image:#x})"
        )
    if image.size_of_image > 0x7FFF0000:
        raise image.error(f"size of image {image.size_of_image:#x} is above 2 GiB")
    if image.entry_point >= image.size_of_image:
        raise image.error(f"entry point {image.entry_point:#x} is outside the image ({image.size_of_image:#x})")
    if image.is_flat:
        _check_flat_sections(image)
    else:
        _check_sections(image)


def _check_alignments(image: Image) -> None:
    section, file = image.section_alignment, image.file_alignment
    for name, value in (("section", section), ("file", file)):
        if value == 0 or value & (value - 1):
            raise image.error(f"{name} alignment {value:#x} is not a power of two")
    if section < file:
        raise image.error(f"section alignment {section:#x} is below file alignment {file:#x}")
    if file != section and (file < SECTOR or section < PAGE):
        raise image.error(f"file alignment {file:#x} must equal section alignment {section:#x}, or be 512 or more")
    if image.header_offset % 4:
        raise image.error(f"the PE header at {image.header_offset:#x} is not aligned to 4 bytes")


def _check_sections(image: Image) -> None:
    expected = align_up(image.size_of_headers, image.section_alignment)
    limit = align_up(image.size_of_image, PAGE)
    for number, section in enumerate(image.sections, 1):
        label = f"section {number} ({section.name})"
        if section.virtual_address != expected:
            problem = "overlaps what lies before it" if section.virtual_address < expected else "leaves a gap"
            raise image.error(
                f"{label} starts at {section.virtual_address:#x}, expected {expected:#x}: it {problem}"
            )
        expected += align_up(section.mapped_size, image.section_alignment)
        if align_up(section.virtual_address + section.mapped_size, PAGE) > limit:
            raise image.error(
                f"{label} ends at {section.virtual_address + section.mapped_size:#x}, "
                f"outside the image ({image.size_of_image:#x})"
            )
        if section.raw_offset:
            # The last section's padding to the file alignment may be missing from the file.
            end = section.raw_offset + section.raw_size
            if end > align_up(image.file_size, image.file_alignment):
                raise image.error(
                    f"truncated: {label} has its data up to {end:#x}, the file ends at {image.file_size:#x}"
                )


def _check_flat_sections(image: Image) -> None:
    for number, section in enumerate(image.sections, 1):
        if section.raw_size and section.raw_offset != section.virtual_address:
            raise image.error(
                f"section {number} ({section.name}) has its data at {section.raw_offset:#x} but its address is "
                f"{section.virtual_address:#x}: they must agree below page alignment"
            )
        if section.virtual_address + section.mapped_size > align_up(image.size_of_image, PAGE):
            raise image.error(f"section {number} ({section.name}) lies outside the image ({image.size_of_image:#x})")
