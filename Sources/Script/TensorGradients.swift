import LuaBridge
import Tensors

/// The second argument of backward.
private struct BackwardOptions: Options {
  var retainGraph = false
}

func declareGradients(_ t: LuaType<Tensor>) {
  t.method("requires_grad", "(on?: boolean) -> Tensor",
    "Makes this tensor collect its gradient (or no longer), and what is computed of it remember how; returns itself. It must be a leaf.") {
    (a: Tensor, on: Bool?) in try a.trackGradient(on ?? true)
  }
  t.method("backward", "(gradient?: Tensor, options?: table)",
    "Adds the derivative of this tensor to the grad of all it came from; without a gradient it has one element. The graph is used up, unless retain_graph.",
    options: BackwardOptions.self) { (a: Tensor, gradient: Tensor?, options: LuaTable?) in
    let options = try (options ?? LuaTable()).decode(BackwardOptions.self)
    try a.backward(gradient, retainGraph: options.retainGraph)
  }
  t.method("zero_grad", "()", "Forgets the collected gradient.", Tensor.zeroGrad)
  t.method("detach", "() -> Tensor", "The same elements, sharing memory, outside any gradient.", Tensor.detach)
  t.property("grad", "Tensor?", "What backward has collected here, in this tensor's shape; assign nil to forget it.", get: { $0.grad }, set: {
    (a: Tensor, gradient: Tensor?) in try a.setGrad(gradient)
  })
  t.property("is_leaf", "boolean", "Whether this tensor came about by no recorded step.") { $0.isLeaf }
  t.property("tracks_grad", "boolean", "Whether backward reaches this tensor: a leaf that requires gradients, or what was computed of one.") { $0.requiresGrad }
}

extension Interpreter {
  func installGradients() {
    module("dsrl") { m in
      m.function("no_grad", "(f: function) -> ...",
        "Calls f without recording gradients and returns its results. Inside, tensors that require gradients may be written in place.") {
        (f: LuaFunction) throws -> LuaRest in LuaRest(try Tensor.withoutGrad { try f.call() })
      }
    }
  }
}
