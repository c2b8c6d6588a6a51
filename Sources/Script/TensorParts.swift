import LuaBridge
import Tensors

// Parts of a tensor, by place and by index.

func declareParts(_ t: LuaType<Tensor>) {
  t.index("(place: integer | table | Tensor) -> Tensor | number",
    "t[i] is entry i of the first dimension; t[{i, {2, 5}, {}, -1}] goes on in the others: {first, last, step?} is a range with both ends, {} the whole dimension, "
      + "and a tensor of indices (one at most) picks entries. A view, but for such a tensor; a single element comes as a number.") {
    (a: Tensor, path: IndexPath) throws -> LuaValue in
    let (part, chosen) = try a.part(path)
    if let (dim, indices) = chosen { return .object(try part.indexSelect(dim, indices)) }
    return part.rank == 0 ? .number(Double(try part.item())) : .object(part)
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
    (a: Tensor, dim: FromOne, index: TensorLike) throws -> Tensor in
    let (d, index) = (try a.dimension(dim), index.tensor)
    let others = index.shape.indices.filter { $0 != d }
    guard index.rank == a.rank, others.allSatisfy({ index.shape[$0] <= a.shape[$0] }) else {
      throw UsageError("gather along dimension \(d + 1) of shape \(a.shape) wants an index of as many dimensions and no larger elsewhere, got shape \(index.shape)")
    }
    return try a.gather(d, a.indices(index, in: d), shape: index.shape)
  }
  for (name, doc, part) in [
    ("tril", "lower", { a in { try a.tril($0) } }), ("triu", "upper", { a in { try a.triu($0) } }),
  ] as [(String, String, (Tensor) -> (Int) throws -> Tensor)] {
    t.method(name, "(diagonal?: integer) -> Tensor", "The \(doc) triangle of the last two dimensions up to and with a diagonal (0, the main one), 0 beyond.") {
      (a: Tensor, k: Int?) in try part(a)(k ?? 0)
    }
  }
  t.method("diag", "(diagonal?: integer) -> Tensor", "Of a matrix a diagonal (0, the main one), sharing memory; of a vector the matrix with that diagonal.") {
    (a: Tensor, k: Int?) in try a.diag(k ?? 0)
  }
}
