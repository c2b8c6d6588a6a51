import LuaBridge
import Tensors

// Shapes, parts and copies of a tensor.

func declareViews(_ t: LuaType<Tensor>) {
  t.property("shape", "integer[]", "Size of each dimension.") { $0.shape }
  t.property("rank", "integer", "Number of dimensions.") { $0.rank }
  t.property("count", "integer", "Number of elements.") { $0.count }
  t.method("item", "() -> number", "The only element.") { (a: Tensor) throws -> Double in Double(try a.item()) }
  t.method("to_table", "() -> table | number", "Nested lists of the elements; a number for rank 0.") { (a: Tensor) in a.luaValue }
  t.method("clone", "() -> Tensor", "The same elements in memory of their own, outside any gradient.") { (a: Tensor) in
    Tensor.filled(a.shape) { target in a.withPointer { target.update(from: $0, count: a.count) } }
  }

  t.method("reshape", "(...: integer) -> Tensor", "The same elements in another shape; one size may be -1.") { (a: Tensor, shape: Integers) throws -> Tensor in
    try Tensor.check(shape.values.map { $0 == -1 ? 1 : $0 })
    return try a.reshape(shape.values)
  }
  t.method("transpose", "(a?: integer, b?: integer) -> Tensor", "Dimensions a (-2) and b (-1) exchanged.") { (a: Tensor, d1: FromOne?, d2: FromOne?) throws -> Tensor in
    try a.transposed(a.dimension(d1 ?? FromOne(number: -2)), a.dimension(d2 ?? .last))
  }
  t.method("permute", "(...: integer) -> Tensor", "The dimensions in a new order, each named once.") { (a: Tensor, order: Integers) throws -> Tensor in
    let dims = try order.values.map { try a.dimension(FromOne(number: $0)) }
    guard Set(dims).count == a.rank, dims.count == a.rank else { throw UsageError("permute wants each of 1 to \(a.rank) once, got \(order.values)") }
    return try a.permute(dims)
  }
  t.method("expand", "(...: integer) -> Tensor", "Sizes of 1 stretched to a shape, sharing memory.") { (a: Tensor, shape: Integers) throws -> Tensor in
    try a.expand(to: shape.shape())
  }
  t.method("narrow", "(dim: integer, start: integer, length: integer) -> Tensor", "`length` entries of dim from start on, sharing memory.") {
    (a: Tensor, dim: FromOne, start: FromOne, length: Int) throws -> Tensor in
    let d = try a.dimension(dim)
    let first = try a.index(start, in: d)
    guard length >= 0, length <= a.shape[d] - first else {
      throw UsageError("narrow wants a length from 0 to \(a.shape[d] - first) there, got \(length)")
    }
    return try a.narrow(d, first, length)
  }
  t.method("select", "(dim: integer, index: integer) -> Tensor", "One entry of dim, that dimension gone, sharing memory.") {
    (a: Tensor, dim: FromOne, index: FromOne) throws -> Tensor in
    let d = try a.dimension(dim)
    return try a.select(d, a.index(index, in: d))
  }
  t.method("index_select", "(dim: integer, indices: integer[] | Tensor) -> Tensor", "The entries of dim named by the indices, in their order.") {
    (a: Tensor, dim: FromOne, indices: TensorLike) throws -> Tensor in
    let d = try a.dimension(dim)
    guard indices.tensor.rank == 1 else { throw UsageError("index_select wants a list of indices, got shape \(indices.tensor.shape)") }
    return try a.indexSelect(d, a.indices(indices.tensor, in: d))
  }
  t.method("gather", "(dim: integer, index: Tensor) -> Tensor", "Along dim, the elements that index names; the shape is that of index (PyTorch's gather).") {
    (a: Tensor, dim: FromOne, index: TensorLike) in try a.gathered(a.dimension(dim), index.tensor)
  }
  t.method("cat", "(other: Tensor, dim?: integer) -> Tensor", "This tensor and another side by side along dim (1).") { (a: Tensor, b: Tensor, dim: FromOne?) in
    try join([a, b], dim)
  }
  t.method("stack", "(other: Tensor, dim?: integer) -> Tensor", "This tensor and another of its shape along a new dimension dim (1).") {
    (a: Tensor, b: Tensor, dim: FromOne?) in try stack([a, b], dim)
  }
}

extension Tensor {
  /// The numbers of `list` as indices into `dim`, counted from 0.
  fileprivate func indices(_ list: Tensor, in dim: Int) throws -> [Int] {
    try list.values.map { value in
      guard let number = Int(exactly: value) else { throw UsageError("an index is an integer, got \(value)") }
      return try index(FromOne(number: number), in: dim)
    }
  }

  /// out[i, j] = self[index[i, j], j] for dim 0 of a matrix, and so on; gradients pass to self.
  fileprivate func gathered(_ dim: Int, _ index: Tensor) throws -> Tensor {
    let others = index.shape.indices.filter { $0 != dim }
    guard index.rank == rank, others.allSatisfy({ index.shape[$0] <= shape[$0] }) else {
      throw UsageError("gather along dimension \(dim + 1) of shape \(shape) wants an index of as many dimensions and no larger elsewhere, got shape \(index.shape)")
    }
    let chosen = try indices(index, in: dim)
    var places: [Int] = []
    for (flat, choice) in chosen.enumerated() {
      var (rest, place, step) = (flat, 0, 1)
      for d in shape.indices.reversed() {
        place += (d == dim ? choice : rest % index.shape[d]) * step
        rest /= index.shape[d]
        step *= shape[d]
      }
      places.append(place)
    }
    return try reshape([-1]).indexSelect(0, places).reshape(index.shape)
  }
}
