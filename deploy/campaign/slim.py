#!/usr/bin/env python3
"""Leaves in a CUDA library only the kernels of one GPU architecture, for machines to which little can be carried.

    slim.py libonnxruntime_providers_cuda.so OUT.so 90

90 is the compute capability (9.0: H100, H200). The kernels of others become zeros: the file is as long as before and works as before on
that GPU, and compresses to a fraction. Standard library only.
"""
import struct
import sys

MAGIC = 0xBA55ED50


def section(data, wanted):
    """Where a section of a 64-bit ELF file lies: offset and size."""
    table, = struct.unpack_from("<Q", data, 40)
    width, count, names = struct.unpack_from("<HHH", data, 58)
    headers = [struct.unpack_from("<IIQQQQ", data, table + i * width) for i in range(count)]
    base = headers[names][4]
    for name, _, _, _, offset, size in headers:
        if data[base + name:data.index(b"\0", base + name)] == wanted:
            return offset, size
    sys.exit(f"no section {wanted.decode()}: no CUDA library, or linked otherwise")


def slim(data, keep):
    """Zeros in place the kernels of other architectures; the bytes kept, by architecture."""
    place, size = section(data, b".nv_fatbin")
    end, found = place + size, {}
    while place < end:
        magic, _, header, length = struct.unpack_from("<IHHQ", data, place)
        if magic != MAGIC:
            place += 8  # padding between containers
            continue
        entry, place = place + header, place + header + length
        while entry < place:
            _, _, header, length = struct.unpack_from("<HHIQ", data, entry)
            arch, = struct.unpack_from("<I", data, entry + 28)
            found[arch] = found.get(arch, 0) + length
            if arch != keep:
                data[entry + header:entry + header + length] = bytes(length)
            entry += header + length
    return found


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as f:
        data = bytearray(f.read())
    keep = int(sys.argv[3])
    found = slim(data, keep)
    if keep not in found:
        sys.exit(f"no kernels for {keep}; there are {sorted(found)}")
    with open(sys.argv[2], "wb") as f:
        f.write(data)
    print(", ".join(f"{arch}: {size / 1e6:.1f} MB{'' if arch == keep else ' dropped'}" for arch, size in sorted(found.items())))


if __name__ == "__main__":
    main()
