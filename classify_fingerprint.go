package pooled

import (
	"encoding/binary"
	"math/bits"
)

// fingerprint hashes a digest. The value is part of what the package promises:
// it is stored in dashboards and logs, so it must not change from release to
// release or from one machine to another. The hash folds the 128-bit product
// of eight bytes at a time, as wyhash does.
func fingerprint(b []byte) uint64 {
	const (
		k0 = 0xa0761d6478bd642f
		k1 = 0xe7037ed1a0b428db
		k2 = 0x8ebc6af09c88c6e3
	)
	h := uint64(len(b)) * k2
	for ; len(b) >= 8; b = b[8:] {
		h = fold(h^binary.LittleEndian.Uint64(b)^k0, k1)
	}
	var end [8]byte
	copy(end[:], b)
	last := binary.LittleEndian.Uint64(end[:])
	h = fold(h^last^k2, k1)
	return fold(h^k0, k2)
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
