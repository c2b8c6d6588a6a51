import LuaBridge
import Tensors

/// A tensor or a number, as on either side of an operator.
typealias Operand = Either<Tensor, Float>

extension Either where A == Tensor, B == Float {
  /// A number as rank 0.
  var tensor: Tensor {
    switch self {
    case .first(let tensor): tensor
    case .second(let number): .scalar(number)
    }
  }
}

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
  t.metamethod(.pow, "(a, b) -> Tensor", "Power, with broadcasting; either side may be a number.") { (a: Operand, b: Operand) in try power(a, b) }
  t.metamethod(.mod, "(a, b) -> Tensor", "Remainder with the sign of b, as Lua's of numbers.") { (a: Operand, b: Operand) in try a.tensor % b.tensor }
  t.metamethod(.unm, "(a) -> Tensor", "The negative.") { (a: Tensor) in -a }
  t.metamethod(.len, "(a) -> integer", "Size of the first dimension.") { (a: Tensor) throws -> Int in
    guard let size = a.shape.first else { throw UsageError("# wants a tensor with a dimension, got rank 0") }
    return size
  }
  t.metamethod(.toString, "(a) -> string", "Shape and numbers; of long dimensions the first and last three.") { (a: Tensor) throws -> String in
    try TensorPrinting(a).text()
  }
}

private func power(_ a: Operand, _ b: Operand) throws -> Tensor {
  if case .second(let exponent) = b { return a.tensor.pow(exponent) }
  return try a.tensor.pow(b.tensor)
}

func declareFunctions(_ t: LuaType<Tensor>) {
  let functions: [(String, String, (Tensor) -> () -> Tensor)] = [
    ("exp", "e^x", Tensor.exp), ("expm1", "e^x - 1, exact near 0", Tensor.expm1), ("log", "Natural logarithm", Tensor.log),
    ("log1p", "ln(1 + x), exact near 0", Tensor.log1p), ("sqrt", "Square root", Tensor.sqrt), ("abs", "Absolute value", Tensor.abs),
    ("square", "x²", Tensor.squared), ("sin", "Sine of radians", Tensor.sin), ("cos", "Cosine of radians", Tensor.cos),
    ("tanh", "Hyperbolic tangent", Tensor.tanh), ("sigmoid", "1 / (1 + e^-x)", Tensor.sigmoid), ("relu", "max(x, 0)", Tensor.relu),
    ("softplus", "ln(1 + e^x)", Tensor.softplus), ("mish", "x tanh(softplus(x))", Tensor.mish), ("gelu", "x Φ(x)", Tensor.gelu),
    ("silu", "x sigmoid(x)", Tensor.silu), ("erf", "The error function, 2/√π ∫ e^(-t²) dt from 0 to x", Tensor.erf),
    ("sign", "-1, 0 or 1", Tensor.sign), ("floor", "The next integer below", Tensor.floor), ("ceil", "The next integer above", Tensor.ceil),
    ("round", "The nearest integer, of two the even one", Tensor.round),
  ]
  for (name, doc, function) in functions { t.method(name, "() -> Tensor", "\(doc), element by element.", function) }

  t.method("clamp", "(low?: number, high?: number) -> Tensor", "Every element moved to the nearest of [low, high]; nil leaves an end open.") {
    (a: Tensor, low: Float?, high: Float?) throws -> Tensor in
    let (low, high) = try bounds(low, high)
    return a.clamp(low, high)
  }
  t.method("minimum", "(other: Tensor | number) -> Tensor", "The smaller of two, element by element, with broadcasting.") { (a: Tensor, b: Operand) in
    try Tensor.minimum(a, b.tensor)
  }
  t.method("maximum", "(other: Tensor | number) -> Tensor", "The larger of two, element by element, with broadcasting.") { (a: Tensor, b: Operand) in
    try Tensor.maximum(a, b.tensor)
  }
  t.method("pow", "(exponent: Tensor | number) -> Tensor", "Power, with broadcasting; as ^.") { (a: Tensor, b: Operand) in try power(.first(a), b) }
  t.method("matmul", "(other: Tensor) -> Tensor", "Matrix product, [..., n, k] and [..., k, m] to [..., n, m].", Tensor.matmul)
  t.method("dot", "(other: Tensor) -> Tensor", "The sum of products of two vectors, rank 0.", Tensor.dotProduct)
  t.method("outer", "(other: Tensor) -> Tensor", "Every product of an element of one vector and one of another, [n] and [m] to [n, m].", Tensor.outer)
  t.method("softmax", "(dim?: integer) -> Tensor", "Exponentials that add up to 1 along dim (-1).") { (a: Tensor, dim: FromOne?) in try a.softmax(a.dimension(dim ?? .last)) }
  t.method("log_softmax", "(dim?: integer) -> Tensor", "The logarithm of softmax along dim (-1).") {
    (a: Tensor, dim: FromOne?) in try a.logSoftmax(a.dimension(dim ?? .last))
  }
}

/// The ends that clamp moves to; open ones are infinite.
func bounds(_ low: Float?, _ high: Float?) throws -> (Float, Float) {
  let (low, high) = (low ?? -.infinity, high ?? .infinity)
  guard low <= high else { throw UsageError("clamp wants low <= high, got \(low) and \(high)") }
  return (low, high)
}
