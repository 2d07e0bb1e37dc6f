package scope

import (
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// Keys that torch.onnx's dynamo exporter (torch ≥ 2.5, torch/onnx/_internal/exporter/_core.py) and onnxscript's
// GraphBuilder leave in NodeProto.metadata_props.
const (
	keyNameScopes       = "pkg.torch.onnx.name_scopes"
	keyClasses          = "pkg.torch.onnx.class_hierarchy"
	keyScriptNameScopes = "pkg.onnxscript.name_scopes"
	keyScriptClasses    = "pkg.onnxscript.class_hierarchy"
	keyNamespace        = "namespace"
	keyRule             = "pkg.onnxscript.rewriter.rule_name" // the rewriter made the node by this rule
)

// emptyStack stands in for the module stack where torch.export lost it (sym_size nodes): no scope.
const emptyStack = "_empty_nn_module_stack_from_metadata_hook"

// level is one module of a scope: its name as the file spells it and its class, "" where that is not known.
type level struct{ name, class string }

// nameScopes reads [”, 'lm', 'lm.model', 'add_3']: cumulative dotted paths as a Python list. torch ends the list with the
// fx node; onnxscript's GraphBuilder does not. A list that cannot be read says nothing.
func (r *resolver) nameScopes(n *graph.Node) *graph.Scope {
	if text := graph.Meta(n.Metadata, keyNameScopes); text != "" {
		if s := r.listScope(n, text, graph.Meta(n.Metadata, keyClasses), true); s != nil {
			return r.rewritten(n, s)
		}
	}
	if text := graph.Meta(n.Metadata, keyScriptNameScopes); text != "" {
		return r.listScope(n, text, graph.Meta(n.Metadata, keyScriptClasses), false)
	}
	return nil
}

// rewritten corrects the scope of a product that a rewrite rule made of several nodes, a convolution and the batch norm
// after it: it says where the last of them stood, but the work is that of the module whose weight it reads.
func (r *resolver) rewritten(n *graph.Node, s *graph.Scope) *graph.Scope {
	w := n.Input(1)
	if w == nil || !isProduct(n.Op) || len(w.Consumers) != 1 || graph.Meta(n.Metadata, keyRule) == "" {
		return s
	}
	owner := r.weightIndexOf().owners[w.ID]
	if owner == "" || within(owner, s.Module) || within(s.Module, owner) {
		return s
	}
	return r.space.module(owner)
}

// listScope reads a list of names with its list of classes. torch says whether the last element is the node itself.
func (r *resolver) listScope(n *graph.Node, text, classes string, torch bool) *graph.Scope {
	key := text
	if torch {
		// Nodes of one module differ in their last element alone: what stands before it is looked up whole.
		key = listHead(text)
	}
	owner := r.owner(n)
	if key != "" && owner == nil {
		if s, ok := r.lists[key]; ok {
			return s
		}
	}
	lists, ok := parseLists(text)
	if !ok {
		return nil
	}
	kinds, _ := parseLists(classes)
	var s *graph.Scope
	for i, names := range lists {
		var class []string
		if i < len(kinds) && len(kinds[i]) == len(names) {
			class = kinds[i]
		}
		levels := make([]level, len(names))
		for j := range names {
			levels[j].name = names[j]
			if class != nil {
				levels[j].class = class[j]
			}
		}
		if torch && len(levels) > 0 {
			levels = levels[:len(levels)-1]
		}
		s = common(s, r.levels(levels, owner, torch))
	}
	if key != "" && owner == nil {
		if r.lists == nil {
			r.lists = map[string]*graph.Scope{}
		}
		r.lists[key] = s
	}
	return s
}

// listHead cuts the last element off a Python list of strings, unparsed: "" where the text is more than one plain list.
func listHead(text string) string {
	if len(text) < 2 || text[0] != '[' || strings.IndexByte(text, ']') != len(text)-1 {
		return ""
	}
	i := strings.LastIndex(text, ", ")
	if i < 0 || i+2 >= len(text) || (text[i+2] != '\'' && text[i+2] != '"') {
		return ""
	}
	return text[:i]
}

// namespace reads ": specs.Decoder/lm: pkg.Model/lm.model: pkg.Model/add_3: aten.add.Tensor", cumulative names with the
// fx node last (torch), or "layer1: DecoderLayer/self_attn: Attention", relative names without it (GraphBuilder).
func (r *resolver) namespace(n *graph.Node) *graph.Scope {
	text := graph.Meta(n.Metadata, keyNamespace)
	if text == "" {
		return nil
	}
	torch := graph.Meta(n.Metadata, keyScriptNameScopes) == "" && graph.Meta(n.Metadata, keyScriptClasses) == ""
	var levels []level
	for part := range strings.SplitSeq(text, "/") {
		name, class, ok := strings.Cut(part, ": ")
		if !ok {
			if name, ok = strings.CutSuffix(part, ":"); !ok {
				return nil
			}
		}
		levels = append(levels, level{name, class})
	}
	if torch {
		levels = levels[:len(levels)-1]
	}
	return r.levels(levels, r.owner(n), torch)
}

// levels makes the scope of a stack of modules, outermost first, and notes their classes. Inside the body of an If or a
// Loop the exporter starts the stack afresh, without the root: it is read as standing within the owner's scope. absolute
// says that names are whole paths where they do not extend the one before ("shared" called in "encoder"), not relative.
func (r *resolver) levels(levels []level, owner *graph.Scope, absolute bool) *graph.Scope {
	if len(levels) > maxLevels || len(levels) == 0 && owner == nil {
		return nil
	}
	at := r.space.root
	if owner != nil && (len(levels) == 0 || levels[0].name != "") {
		at = owner
	}
	base := at.Module
	for _, l := range levels {
		if l.name == emptyStack || len(l.name) > maxName {
			return nil
		}
		name, k := cutCall(l.name)
		module := name
		switch {
		case name == "":
			module = base
		case base != "" && !within(name, base):
			module = joinPath(base, name)
		}
		if !absolute && module != at.Module && !within(module, at.Module) {
			module = joinPath(at.Module, name)
		}
		at = r.space.call(at, module, k)
		r.noteClass(module, shortClass(l.class))
	}
	return at
}

// within reports whether a dotted path stands below another.
func within(path, parent string) bool {
	return parent == "" || path == parent ||
		len(path) > len(parent) && path[len(parent)] == '.' && strings.HasPrefix(path, parent)
}

// cutCall reads torch.fx's mark of a repeated call: "layers.0@1" is the second call.
func cutCall(name string) (string, int) {
	i := strings.LastIndexByte(name, '@')
	if i < 0 || !isDigits(name[i+1:]) || len(name)-i > 7 {
		return name, 0
	}
	_, k, ok := cutNumber("x_" + name[i+1:])
	if !ok {
		return name, 0
	}
	return name[:i], k
}

// owner is the scope of the node in whose body n stands: nil in the main graph. An owner without a place is placed now.
func (r *resolver) owner(n *graph.Node) *graph.Scope {
	if n.Body == nil || n.Body.Owner == nil {
		return nil
	}
	o := n.Body.Owner
	if r.places[o.ID].Scope == nil {
		s := r.nameScopes(o)
		if s == nil {
			s = r.namespace(o)
		}
		r.set(o, s, r.current)
	}
	return r.enclosing(n)
}
