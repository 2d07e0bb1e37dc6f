// Package workload makes models to be measured out of parts of a graph: one operator, several that run as one kernel, a
// module, or everything, at fixed sizes, with weights and inputs of random contents that their operators accept.
//
// A part that is cut out of a model keeps its operators, attributes and small constants. Large weights are drawn anew:
// files that are analyzed often come without them, and what an operator costs hardly depends on them. A part can be there
// several times in one model, each copy with operands of its own, so that copies do not find each other's in a cache; and
// one operator of a model can be repeated within it, which tells what one more costs where it stands.
package workload
