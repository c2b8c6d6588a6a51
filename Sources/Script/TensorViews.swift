import LuaBridge
import Tensors

// Shapes and copies of a tensor.

func declareViews(_ t: LuaType<Tensor>) {
  t.property("shape", "integer[]", "Size of each dimension.") { $0.shape }
  t.property("rank", "integer", "Number of dimensions.") { $0.rank }
  t.property("count", "integer", "Number of elements.") { $0.count }
  t.method("item", "() -> number", "The only element.") { (a: Tensor) throws -> Double in Double(try a.item()) }
  t.method("to_table", "() -> table | number", "Nested lists of the elements; a number for rank 0.") { (a: Tensor) in a.luaValue }
  t.method("clone", "() -> Tensor", "The same elements in memory of their own, outside any gradient.") { (a: Tensor) throws -> Tensor in
    try Tensor.check(a.shape)
    return a.clone()
  }
  t.method("contiguous", "() -> Tensor", "The same elements packed in row-major order; itself if they are.") { (a: Tensor) throws -> Tensor in
    try Tensor.check(a.shape)
    return a.contiguous()
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
  t.method("flatten", "(first?: integer, last?: integer) -> Tensor", "Dimensions first (1) to last (-1) as one.") {
    (a: Tensor, first: FromOne?, last: FromOne?) throws -> Tensor in
    guard a.rank > 0 || first != nil || last != nil else { return try a.flatten() }
    let (low, high) = (try a.dimension(first ?? FromOne(number: 1)), try a.dimension(last ?? .last))
    guard low <= high else { throw UsageError("flatten wants its first dimension before its last, got \(low + 1) and \(high + 1)") }
    return try a.flatten(low, high)
  }
  t.method("squeeze", "(dim?: integer) -> Tensor", "Without the dimensions of size 1, or without dim if its size is 1; sharing memory.") {
    (a: Tensor, dim: FromOne?) throws -> Tensor in
    guard let dim else { return try a.squeeze() }
    return try a.squeeze(a.dimension(dim))
  }
  t.method("unsqueeze", "(dim: integer) -> Tensor", "With a dimension of size 1 that is number dim; sharing memory.") { (a: Tensor, dim: FromOne) throws -> Tensor in
    try a.unsqueeze(dim.index(of: a.rank + 1, "the new dimension of shape \(a.shape)"))
  }
  t.method("tile", "(...: integer) -> Tensor", "The tensor repeated so many times along each dimension.") { (a: Tensor, times: Integers) in try a.tile(times.values) }
  t.method("flip", "(...: integer) -> Tensor", "The opposite order along each of the dimensions named.") { (a: Tensor, dims: Integers) throws -> Tensor in
    let resolved = try dims.values.map { try a.dimension(FromOne(number: $0)) }
    guard Set(resolved).count == resolved.count else { throw UsageError("flip wants each dimension once, got \(dims.values)") }
    return try a.flip(resolved)
  }
  t.method("cat", "(other: Tensor, dim?: integer) -> Tensor", "This tensor and another side by side along dim (1).") { (a: Tensor, b: Tensor, dim: FromOne?) in
    try join([a, b], dim)
  }
  t.method("stack", "(other: Tensor, dim?: integer) -> Tensor", "This tensor and another of its shape along a new dimension dim (1).") {
    (a: Tensor, b: Tensor, dim: FromOne?) in try stack([a, b], dim)
  }
}
