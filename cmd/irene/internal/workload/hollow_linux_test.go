package workload

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Hollow weights take no room: BERT's 440 MB leave a few blocks on the disk, those of small tensors.
func TestHollowTakesNoRoom(t *testing.T) {
	a := analyzed(t, "bert-base", short)
	path, err := Hollow(Part{a, a.Graph.Main.Nodes, "bert"}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	stat, err := os.Stat(filepath.Join(filepath.Dir(path), weightsFile))
	if err != nil {
		t.Fatal(err)
	}
	if used := stat.Sys().(*syscall.Stat_t).Blocks * 512; used > 4<<20 || stat.Size() < 400<<20 {
		t.Errorf("weights of %d bytes take %d of the disk", stat.Size(), used)
	}
}
