import LuaBridge
import Tensors

/// A tensor or a number on either side of an operator.
private typealias Operand = Either<Tensor, Float>

/// `a op b`; at least one is a tensor, or Lua would not have asked.
private func apply(
  _ a: Operand, _ b: Operand, _ tensors: (Tensor, Tensor) throws -> Tensor, _ right: (Tensor, Float) -> Tensor, _ left: (Float, Tensor) -> Tensor
) throws -> Tensor {
  switch (a, b) {
  case (.first(let x), .first(let y)): try tensors(x, y)
  case (.first(let x), .second(let y)): right(x, y)
  case (.second(let x), .first(let y)): left(x, y)
  case (.second(let x), .second(let y)): right(.scalar(x), y)
  }
}

func declareOperators(_ t: LuaType<Tensor>) {
  t.metamethod(.add, "(a, b) -> Tensor", "Sum, with broadcasting; either side may be a number.") { (a: Operand, b: Operand) in try apply(a, b, +, +, +) }
  t.metamethod(.sub, "(a, b) -> Tensor", "Difference.") { (a: Operand, b: Operand) in try apply(a, b, -, -, -) }
  t.metamethod(.mul, "(a, b) -> Tensor", "Product, element by element; matmul is the matrix product.") { (a: Operand, b: Operand) in try apply(a, b, *, *, *) }
  t.metamethod(.div, "(a, b) -> Tensor", "Quotient.") { (a: Operand, b: Operand) in try apply(a, b, /, /, /) }
  t.metamethod(.pow, "(a, exponent: number) -> Tensor", "Power.") { (a: Tensor, k: Float) in a.pow(k) }
  t.metamethod(.unm, "(a) -> Tensor", "The negative.") { (a: Tensor) in -a }
  t.metamethod(.len, "(a) -> integer", "Size of the first dimension.") { (a: Tensor) throws -> Int in
    guard let size = a.shape.first else { throw UsageError("# wants a tensor with a dimension, got rank 0") }
    return size
  }
  t.metamethod(.toString, "(a) -> string", "Shape and numbers; of long dimensions the first and last three.") { (a: Tensor) throws -> String in
    try TensorPrinting(a).text()
  }
  t.index("(i: integer | integer[]) -> Tensor | number",
    "t[i] is entry i of the first dimension, t[{i, j}] goes on in the second; a single element comes as a number.") {
    (a: Tensor, place: Either<FromOne, [FromOne]>) throws -> LuaValue in
    let places = switch place {
      case .first(let i): [i]
      case .second(let list): list
    }
    guard places.count <= a.rank else { throw UsageError("\(places.count) indices into a tensor of \(a.rank) dimensions, shape \(a.shape)") }
    var part = a
    for (dim, place) in places.enumerated() {
      let index = try place.index(of: a.shape[dim], "an index into dimension \(dim + 1) of shape \(a.shape)")
      part = try part.select(0, index)
    }
    return part.rank == 0 ? .number(Double(try part.item())) : .object(part)
  }
}

func declareFunctions(_ t: LuaType<Tensor>) {
  let functions: [(String, String, (Tensor) -> () -> Tensor)] = [
    ("exp", "e^x", Tensor.exp), ("log", "Natural logarithm", Tensor.log), ("sqrt", "Square root", Tensor.sqrt), ("abs", "Absolute value", Tensor.abs),
    ("square", "x²", Tensor.squared), ("sin", "Sine of radians", Tensor.sin), ("cos", "Cosine of radians", Tensor.cos),
    ("tanh", "Hyperbolic tangent", Tensor.tanh), ("sigmoid", "1 / (1 + e^-x)", Tensor.sigmoid), ("relu", "max(x, 0)", Tensor.relu),
    ("softplus", "ln(1 + e^x)", Tensor.softplus), ("mish", "x tanh(softplus(x))", Tensor.mish), ("gelu", "x Φ(x)", Tensor.gelu),
    ("silu", "x sigmoid(x)", Tensor.silu),
  ]
  for (name, doc, function) in functions { t.method(name, "() -> Tensor", "\(doc), element by element.", function) }

  t.method("clamp", "(low: number, high: number) -> Tensor", "Every element moved to the nearest of [low, high].") {
    (a: Tensor, low: Float, high: Float) throws -> Tensor in
    guard low <= high else { throw UsageError("clamp wants low <= high, got \(low) and \(high)") }
    return a.clamp(low, high)
  }
  t.method("minimum", "(other: Tensor) -> Tensor", "The smaller of two, element by element, with broadcasting.") { (a: Tensor, b: Tensor) in try Tensor.minimum(a, b) }
  t.method("maximum", "(other: Tensor) -> Tensor", "The larger of two, element by element, with broadcasting.") { (a: Tensor, b: Tensor) in try Tensor.maximum(a, b) }
  t.method("matmul", "(other: Tensor) -> Tensor", "Matrix product, [..., n, k] and [..., k, m] to [..., n, m].", Tensor.matmul)
  t.method("softmax", "(dim?: integer) -> Tensor", "Exponentials that add up to 1 along dim (-1).") { (a: Tensor, dim: FromOne?) in try a.softmax(a.dimension(dim ?? .last)) }
  t.method("log_softmax", "(dim?: integer) -> Tensor", "The logarithm of softmax along dim (-1).") {
    (a: Tensor, dim: FromOne?) in try a.logSoftmax(a.dimension(dim ?? .last))
  }
}

extension FromOne {
  static let last = FromOne(number: -1)
}

func declareReductions(_ t: LuaType<Tensor>) {
  typealias Along = (Tensor) -> (Int, Bool) throws -> Tensor
  let reductions: [(String, String, (Tensor) throws -> Tensor, Along)] = [
    ("sum", "The sum", { $0.sum() }, { a in { try a.sum($0, keepDim: $1) } }),
    ("mean", "The mean", { $0.mean() }, { a in { try a.mean($0, keepDim: $1) } }),
    ("max", "The largest", { try $0.max() }, { a in { try a.max($0, keepDim: $1) } }),
    ("min", "The smallest", { try $0.min() }, { a in { try a.min($0, keepDim: $1) } }),
    ("var", "The variance, divided by n - 1", { try $0.reshape([-1]).variance(0) }, { a in { try a.variance($0, keepDim: $1) } }),
    ("std", "The standard deviation, divided by n - 1", { try $0.reshape([-1]).variance(0).sqrt() }, { a in { try a.variance($0, keepDim: $1).sqrt() } }),
  ]
  for (name, doc, whole, along) in reductions {
    t.method(name, "(dim?: integer, keep_dim?: boolean) -> Tensor", "\(doc): of all elements, rank 0, or along dim, which goes unless keep_dim.") {
      (a: Tensor, dim: FromOne?, keepDim: Bool?) throws -> Tensor in
      guard let dim else { return try whole(a) }
      return try along(a)(a.dimension(dim), keepDim ?? false)
    }
  }
  let places: [(String, String, (Tensor) -> (Int) throws -> [Int])] = [("argmax", "largest", Tensor.argmax), ("argmin", "smallest", Tensor.argmin)]
  for (name, doc, along) in places {
    t.method(name, "(dim?: integer) -> Tensor | integer", "Where the \(doc) element is along dim, as a tensor; without dim its place in row-major order. From 1.") {
      (a: Tensor, dim: FromOne?) throws -> LuaValue in
      guard let dim else { return .int(try along(a.reshape([-1]))(0)[0] + 1) }
      let d = try a.dimension(dim)
      var shape = a.shape
      shape.remove(at: d)
      return .object(try Tensor(along(a)(d).map { Float($0 + 1) }, shape: shape))
    }
  }
}

func declareGradients(_ t: LuaType<Tensor>) {
  t.method("requires_grad", "(on?: boolean) -> Tensor", "Makes this tensor collect its gradient (or no longer); returns itself.") {
    (a: Tensor, on: Bool?) in try a.trackGradient(on ?? true)
  }
  t.method("backward", "(gradient?: Tensor)", "Adds the derivative of this tensor to the grad of all it came from; without a gradient it has one element.") {
    (a: Tensor, gradient: Tensor?) in try a.backward(gradient)
  }
  t.method("zero_grad", "()", "Forgets the collected gradient.", Tensor.zeroGrad)
  t.method("detach", "() -> Tensor", "The same elements outside any gradient.", Tensor.detach)
  t.property("grad", "Tensor?", "What backward has collected here, in this tensor's shape.") { $0.grad }
}
