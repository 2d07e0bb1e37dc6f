//go:build cgo && linux

package nvml

import (
	"errors"
	"fmt"
	"math"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/irene-onnx/irene/energy"
)

// LockClocks implements [profiler.ClockLocker]. The device takes the nearest clocks that it has. Close unlocks what is
// still locked; a program that is killed leaves the clocks as they are.
func (m *Meter) LockClocks(sm, memory energy.Hertz) (unlock func() error, err error) {
	switch {
	case m.closed:
		return nil, errClosed
	case m.unlock != nil:
		return nil, errors.New("nvml: the clocks are locked already")
	case !(sm >= 1e6) || memory != 0 && !(memory >= 1e6):
		return nil, fmt.Errorf("nvml: clocks of %v and %v cannot be locked", sm, memory)
	}
	if ret := m.device.SetGpuLockedClocks(megahertz(sm), megahertz(sm)); ret != nvml.SUCCESS {
		return nil, lockError("multiprocessors", sm, ret)
	}
	resets := []func() nvml.Return{m.device.ResetGpuLockedClocks}
	if memory != 0 {
		if ret := m.device.SetMemoryLockedClocks(megahertz(memory), megahertz(memory)); ret != nvml.SUCCESS {
			return nil, errors.Join(lockError("memory", memory, ret), reset(resets))
		}
		resets = append(resets, m.device.ResetMemoryLockedClocks)
	}
	m.unlock = func() error { return reset(resets) }
	return m.unlockClocks, nil
}

// unlockClocks undoes LockClocks, once.
func (m *Meter) unlockClocks() error {
	if m.unlock == nil {
		return nil
	}
	err := m.unlock()
	m.unlock = nil
	return err
}

// reset undoes locks, all of them, whatever becomes of the first.
func reset(resets []func() nvml.Return) error {
	var problems []error
	for _, undo := range resets {
		if ret := undo(); ret != nvml.SUCCESS {
			problems = append(problems, failure("unlock the clocks (nvidia-smi -rgc -rmc does so by hand)", ret))
		}
	}
	return errors.Join(problems...)
}

func megahertz(f energy.Hertz) uint32 { return uint32(math.Round(float64(f) / 1e6)) }

// lockError says why clocks cannot be locked, and what to do.
func lockError(of string, clock energy.Hertz, ret nvml.Return) error {
	switch ret {
	case nvml.ERROR_NO_PERMISSION:
		return errors.New("nvml: locking clocks takes root (CAP_SYS_ADMIN): run as root, or leave --lock-clocks out and the clocks are recorded instead")
	case nvml.ERROR_NOT_SUPPORTED, nvml.ERROR_FUNCTION_NOT_FOUND:
		return fmt.Errorf("nvml: the clock of the %s cannot be locked here (%s): leave --lock-clocks out and the clocks are recorded instead", of, ret.Error())
	}
	return failure(fmt.Sprintf("lock the clock of the %s at %v", of, clock), ret)
}
