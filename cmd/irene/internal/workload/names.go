package workload

import (
	"fmt"

	"github.com/irene-onnx/irene/graph"
)

// nameNodes gives the named nodes of every body names of their own, as runtimes want them: the nodes of a function that
// is called twice share theirs, and so do the copies of nodes without a name.
func nameNodes(g *graph.Graph) {
	type key struct {
		body *graph.Body
		name string
	}
	taken := make(map[key]bool, len(g.Nodes)) // by nodes as they are
	for _, n := range g.Nodes {
		taken[key{n.Body, n.Name}] = true
	}
	calls := make(map[key]int, len(g.Nodes)) // nodes seen of a name, and numbers that were not free
	for _, n := range g.Nodes {
		k := key{n.Body, n.Name}
		calls[k]++
		if n.Name == "" || calls[k] == 1 {
			continue
		}
		for taken[key{n.Body, n.Name}] {
			n.Name = fmt.Sprintf("%s'%d", k.name, calls[k])
			calls[k]++
		}
		calls[k]--
		taken[key{n.Body, n.Name}] = true
	}
}
