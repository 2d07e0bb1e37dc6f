package scope

import (
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// function places nodes inlined from the functions that torch.onnx.dynamo_export (torch 2.0 to 2.4) makes, one for every
// module instance: the function is called "torch_nn_modules_linear_Linear_encoder_layer_0_attention_self_query_1", class
// path, module path and call number joined by "_". Where the path ends is told by the weights' dotted names. A module whose
// function was itself inlined lives on in node names, with the number of the node after that of the call:
// "torch_nn_modules_sparse_Embedding_embeddings_word_embeddings_1_44_Gather_0". Functions of torch_lib are operators.
//
// Older exporters (export_modules_as_functions) make one function for every class and tell the module in the name of the
// calling node, "/block_list.0/Block".
func (r *resolver) function(n *graph.Node) *graph.Scope {
	at := r.callScope(n.Call)
	if at == nil && !isDynamoDomain(n.Domain) && !strings.Contains(n.Name, "_modules_") && !strings.Contains(n.Name, "_modeling_") {
		return nil
	}
	if s := r.inlinedModules(n.Name, at); s != nil {
		at = s
	}
	if at == nil {
		return nil
	}
	return r.refine(n, at)
}

func isDynamoDomain(domain string) bool { return strings.HasPrefix(domain, "pkg.") }

// callKey counts the calls of a module made within one scope.
type callKey struct {
	up     *graph.Scope
	module string
}

// callScope is the scope of the module whose function call a node was inlined from; nil where no call in the chain is one.
func (r *resolver) callScope(c *graph.Call) *graph.Scope {
	if c == nil {
		return nil
	}
	if s, ok := r.calls[c]; ok {
		return s
	}
	up := r.callScope(c.Parent)
	s := up
	if !strings.HasPrefix(c.Domain, "pkg.onnxscript") {
		s = r.enter(c, up)
	} else if p := r.inlinedModules(c.Node, up); p != nil {
		s = p
	}
	if r.calls == nil {
		r.calls = map[*graph.Call]*graph.Scope{}
	}
	r.calls[c] = s
	return s
}

// enter makes the scope of one function call within up.
func (r *resolver) enter(c *graph.Call, up *graph.Scope) *graph.Scope {
	if raw, ok := nodeScope(c.Node); ok {
		at := up
		if at == nil {
			at = r.space.root
		}
		if raw == "" {
			return at
		}
		path := strings.ReplaceAll(raw, "/", ".")
		if !within(path, at.Module) {
			path = joinPath(at.Module, path)
		}
		return r.repeat(r.space.module(parentPath(path)), path)
	}
	path, class := r.lastPiece(c.Function)
	if path == "" {
		return up
	}
	r.noteClass(path, class)
	at := up
	if at == nil || !within(path, at.Module) {
		at = r.space.root
	}
	return r.repeat(r.descend(at, parentPath(path)), path)
}

// descend makes the scopes below at on the way to a module's path.
func (r *resolver) descend(at *graph.Scope, path string) *graph.Scope {
	for at.Module != path && within(path, at.Module) {
		at = r.space.call(at, nextPath(at.Module, path), 0)
	}
	return at
}

// noteClass notes the class of a module where none is known yet.
func (r *resolver) noteClass(module, class string) {
	if class != "" && r.classes[module] == "" {
		r.classes[module] = class
	}
}

// nextPath is the path one segment below up on the way to path; path itself where up is no boundary of it.
func nextPath(up, path string) string {
	for p := path; p != ""; {
		q := parentPath(p)
		if q == up {
			return p
		}
		p = q
	}
	return path
}

// repeat makes the scope of the next call of a module within up.
func (r *resolver) repeat(up *graph.Scope, path string) *graph.Scope {
	if r.count == nil {
		r.count = map[callKey]int{}
	}
	k := callKey{up, path}
	n := r.count[k]
	r.count[k]++
	return r.space.call(up, path, n)
}

// inlinedModules reads the modules in the name of an inlined node and returns the last one's scope.
func (r *resolver) inlinedModules(name string, at *graph.Scope) *graph.Scope {
	path, class := r.lastPiece(name)
	if path == "" {
		return nil
	}
	r.noteClass(path, class)
	if at == nil || !within(path, at.Module) {
		return r.space.module(path)
	}
	return r.descend(at, path)
}

// lastPiece finds the last "Class_module_path_call" in a name: the class's last word starts with a capital, the path starts
// with one that weights or the enclosing module tell, and a number follows.
func (r *resolver) lastPiece(name string) (path, class string) {
	if len(name) > maxName {
		return "", ""
	}
	w := r.weightIndexOf()
	flat, top := w.flatPaths()
	start := 0
	for start < len(name) {
		end := strings.IndexByte(name[start:], '_')
		if end < 0 {
			break
		}
		word := name[start : start+end]
		start += end + 1
		if word == "" || word[0] < 'A' || word[0] > 'Z' || !top[firstWord(name[start:])] {
			continue
		}
		known, n := longestFlat(name[start:], flat)
		if n == 0 {
			continue
		}
		rest, ok := moduleRest(name[start+n:])
		if !ok {
			continue
		}
		path, class = joinPath(known, rest), word
		if rest != "" && !w.holds[known] {
			// A module with weights has no module without weights in it: "pooler_activation" stands beside "pooler".
			path = known + "_" + rest
		}
		start += n
	}
	return path, class
}

// longestFlat finds the longest known path that a text starts with, and its length in the text.
func longestFlat(text string, flat map[string]string) (path string, n int) {
	for end := 0; end < len(text); end++ {
		i := strings.IndexByte(text[end:], '_')
		if i < 0 {
			break
		}
		end += i
		if p, ok := flat[text[:end]]; ok {
			path, n = p, end
		}
	}
	return path, n
}

// moduleRest reads what follows a known path: "_1" or "_1_44_…" is the call number, "_act_fn_1…" a module without weights
// below it.
func moduleRest(text string) (string, bool) {
	text = strings.TrimPrefix(text, "_")
	for end := 0; end <= len(text); {
		word := firstWord(text[end:])
		if isDigits(word) {
			return strings.TrimSuffix(text[:end], "_"), true
		}
		end += len(word) + 1
	}
	return "", false
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, "_")
	return word
}

// refine moves a node down to the module whose weight it reads where that stands below.
func (r *resolver) refine(n *graph.Node, at *graph.Scope) *graph.Scope {
	w := r.weightIndexOf()
	for _, in := range n.Inputs {
		if in == nil {
			continue
		}
		owner := w.owners[in.ID]
		if owner == "" || owner == at.Module || !within(owner, at.Module) || len(in.Consumers) != 1 {
			continue
		}
		return r.descend(at, owner)
	}
	return at
}

// flatPaths maps every path of the index with "_" for "." to the path, and tells the first words of them. The last element
// of a list may be called "layer[-1]", which shows as "layer__1_".
func (w *weightIndex) flatPaths() (flat map[string]string, top map[string]bool) {
	if w.flat != nil {
		return w.flat, w.flatTop
	}
	w.flat, w.flatTop = map[string]string{}, map[string]bool{}
	note := func(f, p string) {
		if old, ok := w.flat[f]; !ok || p < old {
			w.flat[f] = p
		}
	}
	for p := range w.paths {
		note(strings.ReplaceAll(p, ".", "_"), p)
		w.flatTop[firstWord(p[:len(firstAtom(p))])] = true
		for i := range p {
			if p[i] != '.' {
				continue
			}
			number := firstAtom(p[i+1:])
			if n, err := strconv.Atoi(number); err != nil || w.paths[p[:i+1]+strconv.Itoa(n+1)] {
				continue
			}
			rest := p[i+1+len(number):]
			if rest != "" {
				rest = "_" + rest
			}
			note(strings.ReplaceAll(p[:i]+"__1"+rest, ".", "_"), p)
		}
	}
	return w.flat, w.flatTop
}
