import LuaBridge
import Tensors

// What many elements come to, and their order.

func declareReductions(_ t: LuaType<Tensor>) {
  typealias Along = (Tensor, Int, Bool) throws -> Tensor
  let reductions: [(String, String, (Tensor) throws -> Tensor, Along)] = [
    ("sum", "The sum", { $0.sum() }, { try $0.sum($1, keepDim: $2) }),
    ("mean", "The mean", { $0.mean() }, { try $0.mean($1, keepDim: $2) }),
    ("prod", "The product", { try $0.prod() }, { try $0.prod($1, keepDim: $2) }),
    ("logsumexp", "ln Σ e^x, which does not overflow", { try $0.logSumExp() }, { try $0.logSumExp($1, keepDim: $2) }),
    ("max", "The largest", { try $0.max() }, { try $0.max($1, keepDim: $2) }),
    ("min", "The smallest", { try $0.min() }, { try $0.min($1, keepDim: $2) }),
  ]
  let extent = "of all elements, rank 0, or along dim, one or several, which go unless keep_dim."
  for (name, doc, whole, along) in reductions {
    t.method(name, "(dim?: integer | integer[], keep_dim?: boolean) -> Tensor", "\(doc): \(extent)") {
      (a: Tensor, dim: Dimensions?, keepDim: Bool?) throws -> Tensor in
      guard let dim else { return try whole(a) }
      return try a.over(dim.of(a), keepDim: keepDim ?? false, along)
    }
  }
  t.method("norm", "(dim?: integer | integer[], keep_dim?: boolean, p?: number) -> Tensor",
    "(Σ |x|^p)^(1/p) for p = 1 or 2 (2), or the largest |x| for p = math.huge: \(extent)") {
    (a: Tensor, dim: Dimensions?, keepDim: Bool?, p: Double?) throws -> Tensor in
    try reduced(a, dim, keepDim) { try $0.norm($1, p: Float(p ?? 2), keepDim: $2) }
  }
  for (name, doc) in [("var", "The variance"), ("std", "The standard deviation")] {
    t.method(name, "(dim?: integer | integer[], keep_dim?: boolean, correction?: integer) -> Tensor",
      "\(doc), divided by n - correction (1): \(extent)") {
      (a: Tensor, dim: Dimensions?, keepDim: Bool?, correction: Int?) throws -> Tensor in
      let variance = try reduced(a, dim, keepDim) { try $0.variance($1, correction: correction ?? 1, keepDim: $2) }
      return name == "var" ? variance : variance.sqrt()
    }
  }
  declareAnswers(t)
  declareOrder(t)
}

/// What `along` makes of the dimensions named, or of all elements as one vector.
private func reduced(_ a: Tensor, _ dim: Dimensions?, _ keepDim: Bool?, _ along: (Tensor, Int, Bool) throws -> Tensor) throws -> Tensor {
  guard let dim else { return try along(a.reshape([-1]), 0, false) }
  return try a.over(dim.of(a), keepDim: keepDim ?? false, along)
}

private func declareAnswers(_ t: LuaType<Tensor>) {
  let answers: [(String, String, (Tensor) -> () -> Bool, (Tensor, Int, Bool) throws -> Tensor)] = [
    ("any", "Whether an element is not 0", Tensor.any, { try $0.any($1, keepDim: $2) }),
    ("all", "Whether no element is 0", Tensor.all, { try $0.all($1, keepDim: $2) }),
  ]
  for (name, doc, whole, along) in answers {
    t.method(name, "(dim?: integer | integer[], keep_dim?: boolean) -> boolean | Tensor", "\(doc); along dim, one or several, as a tensor of 1 and 0.") {
      (a: Tensor, dim: Dimensions?, keepDim: Bool?) throws -> LuaValue in
      guard let dim else { return .bool(whole(a)()) }
      return .object(try a.over(dim.of(a), keepDim: keepDim ?? false, along))
    }
  }
  let places: [(String, String, (Tensor) -> (Int) throws -> [Int])] = [("argmax", "largest", Tensor.argmax), ("argmin", "smallest", Tensor.argmin)]
  for (name, doc, along) in places {
    t.method(name, "(dim?: integer) -> Tensor | integer",
      "Where the \(doc) element is along dim, as a tensor; without dim its place in row-major order. From 1.") {
      (a: Tensor, dim: FromOne?) throws -> LuaValue in
      guard let dim else { return .int(try along(a.reshape([-1]))(0)[0] + 1) }
      let d = try a.dimension(dim)
      var shape = a.shape
      shape.remove(at: d)
      return .object(try indices(along(a)(d), shape))
    }
  }
}

private func declareOrder(_ t: LuaType<Tensor>) {
  t.method("cumsum", "(dim: integer) -> Tensor", "Along dim, the sum of all entries up to each.") { (a: Tensor, dim: FromOne) in
    try a.cumsum(a.dimension(dim))
  }
  t.method("sort", "(dim?: integer, descending?: boolean) -> Tensor, Tensor",
    "The elements in order along dim (-1), and the indices they had; equals keep their order, NaN counts as the largest.") {
    (a: Tensor, dim: FromOne?, descending: Bool?) throws -> (Tensor, Tensor) in
    let (values, order) = try a.sort(a.dimension(dim ?? .last), descending: descending ?? false)
    return (values, try indices(order, values.shape))
  }
  t.method("argsort", "(dim?: integer, descending?: boolean) -> Tensor", "The indices that put dim (-1) in order, from 1.") {
    (a: Tensor, dim: FromOne?, descending: Bool?) throws -> Tensor in
    try indices(a.detach().sort(a.dimension(dim ?? .last), descending: descending ?? false).indices, a.shape)
  }
  t.method("topk", "(k: integer, dim?: integer, largest?: boolean) -> Tensor, Tensor",
    "The k largest along dim (-1), or with largest = false the smallest, in order, and their indices from 1.") {
    (a: Tensor, k: Int, dim: FromOne?, largest: Bool?) throws -> (Tensor, Tensor) in
    let d = try a.dimension(dim ?? .last)
    guard (0...a.shape[d]).contains(k) else { throw UsageError("topk wants 0 to \(a.shape[d]) elements of dimension \(d + 1) of shape \(a.shape), got \(k)") }
    let (values, order) = try a.topK(k, d, largest: largest ?? true)
    return (values, try indices(order, values.shape))
  }
}

/// Indices from 0 as a tensor of indices from 1.
func indices(_ places: [Int], _ shape: [Int]) throws -> Tensor { try Tensor(places.map { Float($0 + 1) }, shape: shape) }
