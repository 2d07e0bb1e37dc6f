//go:build cgo && linux

package nvml

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// decode reads the number in a field value. Of the union of eight bytes only those of the value's type mean something.
func decode(v nvml.FieldValue) (float64, error) {
	bytes := binary.NativeEndian
	switch nvml.ValueType(v.ValueType) {
	case nvml.VALUE_TYPE_DOUBLE:
		return math.Float64frombits(bytes.Uint64(v.Value[:])), nil
	case nvml.VALUE_TYPE_UNSIGNED_INT:
		return float64(bytes.Uint32(v.Value[:])), nil
	case nvml.VALUE_TYPE_UNSIGNED_LONG, nvml.VALUE_TYPE_UNSIGNED_LONG_LONG:
		return float64(bytes.Uint64(v.Value[:])), nil
	case nvml.VALUE_TYPE_SIGNED_LONG_LONG:
		return float64(int64(bytes.Uint64(v.Value[:]))), nil
	case nvml.VALUE_TYPE_SIGNED_INT:
		return float64(int32(bytes.Uint32(v.Value[:]))), nil
	case nvml.VALUE_TYPE_UNSIGNED_SHORT:
		return float64(bytes.Uint16(v.Value[:])), nil
	}
	return 0, fmt.Errorf("nvml: field %d: value of unknown type %d", v.FieldId, v.ValueType)
}
