@testable import Tensors

/// An operator on the inputs of a case and the numbers that come beside them; indices among its results are Floats from 0.
typealias Operation = @Sendable ([Tensor], [Double]) throws -> [Tensor]

/// Every operator of the surface under its Lua name. "slice" and "index_write" stand for t[...] read and written; of linalg.qr, svd and eigh
/// all results count at once, what has a sign of its own choice squared.
let operators: [String: Operation] = elementwise.merging(pairwise) { $1 }.merging(reductions) { $1 }.merging(shapes) { $1 }.merging(writes) { $1 }
  .merging(matrices) { $1 }

private func one(_ f: @escaping @Sendable (Tensor) throws -> Tensor) -> Operation { { x, _ in [try f(x[0])] } }
private func two(_ f: @escaping @Sendable (Tensor, Tensor) throws -> Tensor) -> Operation { { x, _ in [try f(x[0], x[1])] } }

private let elementwise: [String: Operation] = [
  "exp": one { $0.exp() }, "expm1": one { $0.expm1() }, "log": one { $0.log() }, "log1p": one { $0.log1p() }, "sqrt": one { $0.sqrt() },
  "abs": one { $0.abs() }, "square": one { $0.squared() }, "sin": one { $0.sin() }, "cos": one { $0.cos() }, "tanh": one { $0.tanh() },
  "sigmoid": one { $0.sigmoid() }, "relu": one { $0.relu() }, "softplus": one { $0.softplus() }, "mish": one { $0.mish() },
  "gelu": one { $0.gelu() }, "silu": one { $0.silu() }, "erf": one { $0.erf() }, "sign": one { $0.sign() }, "floor": one { $0.floor() },
  "ceil": one { $0.ceil() }, "round": one { $0.round() }, "unm": one { -$0 }, "isnan": one { $0.isNaN() }, "isinf": one { $0.isInf() },
  "isfinite": one { $0.isFinite() }, "clamp": { x, n in [x[0].clamp(Float(n[0]), Float(n[1]))] },
]

private let pairwise: [String: Operation] = [
  "add": two { try $0 + $1 }, "sub": two { try $0 - $1 }, "mul": two { try $0 * $1 }, "div": two { try $0 / $1 }, "mod": two { try $0 % $1 },
  "pow": two { try $0.pow($1) }, "minimum": two { try Tensor.minimum($0, $1) }, "maximum": two { try Tensor.maximum($0, $1) },
  "eq": two { try $0.eq($1) }, "ne": two { try $0.ne($1) }, "lt": two { try $0.lt($1) }, "le": two { try $0.le($1) },
  "gt": two { try $0.gt($1) }, "ge": two { try $0.ge($1) }, "where": { x, _ in [try Tensor.where(x[0], x[1], x[2])] },
  "masked_fill": { x, n in [try x[0].maskedFill(x[1], Float(n[0]))] }, "masked_select": two { try $0.maskedSelect($1) },
  "matmul": two { try $0.matmul($1) }, "dot": two { try $0.dotProduct($1) }, "outer": two { try $0.outer($1) },
]

/// Numbers: none, or the dimensions and whether they are kept.
private func reduction(_ whole: @escaping @Sendable (Tensor) throws -> Tensor, _ along: @escaping @Sendable (Tensor, Int, Bool) throws -> Tensor) -> Operation {
  { x, n in [n.isEmpty ? try whole(x[0]) : try x[0].over(n.dropLast().map { Int($0) }, keepDim: n.last == 1, along)] }
}
private func along(_ f: @escaping @Sendable (Tensor, Int) throws -> Tensor) -> Operation { { x, n in [try f(x[0], Int(n[0]))] } }
private func variance(_ x: Tensor, _ n: [Double]) throws -> Tensor {
  let correction = Int(n[0])
  if n.count == 1 { return try x.flatten().variance(0, correction: correction) }
  return try x.over(n[1..<(n.count - 1)].map { Int($0) }, keepDim: n.last == 1) { try $0.variance($1, correction: correction, keepDim: $2) }
}
private func floats(_ indices: [Int], _ shape: [Int]) throws -> Tensor { try Tensor(indices.map(Float.init), shape: shape) }
private func without(_ dim: Int, _ shape: [Int]) -> [Int] { shape.indices.filter { $0 != dim }.map { shape[$0] } }

private let reductions: [String: Operation] = [
  "sum": reduction({ $0.sum() }, { try $0.sum($1, keepDim: $2) }), "mean": reduction({ $0.mean() }, { try $0.mean($1, keepDim: $2) }),
  "prod": reduction({ try $0.prod() }, { try $0.prod($1, keepDim: $2) }), "norm": reduction({ try $0.norm() }, { try $0.norm($1, keepDim: $2) }),
  "norm_1": reduction({ try $0.flatten().norm(0, p: 1) }, { try $0.norm($1, p: 1, keepDim: $2) }),
  "norm_inf": reduction({ try $0.flatten().norm(0, p: .infinity) }, { try $0.norm($1, p: .infinity, keepDim: $2) }),
  "logsumexp": reduction({ try $0.logSumExp() }, { try $0.logSumExp($1, keepDim: $2) }),
  "max": reduction({ try $0.max() }, { try $0.max($1, keepDim: $2) }), "min": reduction({ try $0.min() }, { try $0.min($1, keepDim: $2) }),
  "var": { x, n in [try variance(x[0], n)] }, "std": { x, n in [try variance(x[0], n).sqrt()] },
  "any": along { try $0.any($1) }, "all": along { try $0.all($1) }, "cumsum": along { try $0.cumsum($1) },
  "softmax": along { try $0.softmax($1) }, "log_softmax": along { try $0.logSoftmax($1) },
  "argmax": along { try floats($0.argmax($1), without($1, $0.shape)) }, "argmin": along { try floats($0.argmin($1), without($1, $0.shape)) },
  "argsort": along { try floats($0.sort($1).indices, $0.shape) },
  "sort": { x, n in
    let (values, indices) = try x[0].sort(Int(n[0]), descending: n[1] == 1)
    return [values, try floats(indices, values.shape)]
  },
  "topk": { x, n in
    let (values, indices) = try x[0].topK(Int(n[0]), Int(n[1]), largest: n[2] == 1)
    return [values, try floats(indices, values.shape)]
  },
]

private let shapes: [String: Operation] = [
  "reshape": { x, n in [try x[0].reshape(n.map { Int($0) })] }, "flatten": { x, n in [try x[0].flatten(Int(n[0]), Int(n[1]))] },
  "squeeze": { x, n in [n.isEmpty ? try x[0].squeeze() : try x[0].squeeze(Int(n[0]))] }, "unsqueeze": along { try $0.unsqueeze($1) },
  "transpose": { x, n in [try x[0].transposed(Int(n[0]), Int(n[1]))] }, "permute": { x, n in [try x[0].permute(n.map { Int($0) })] },
  "expand": { x, n in [try x[0].expand(to: n.map { Int($0) })] }, "narrow": { x, n in [try x[0].narrow(Int(n[0]), Int(n[1]), Int(n[2]))] },
  "slice": { x, n in [try x[0].narrow(Int(n[0]), Int(n[1]), Int(n[2]), step: Int(n[3]))] }, "select": { x, n in [try x[0].select(Int(n[0]), Int(n[1]))] },
  "index_select": { x, n in [try x[0].indexSelect(Int(n[0]), n.dropFirst().map { Int($0) })] },
  "gather": { x, n in
    let numbers = n.map { Int($0) }
    return [try x[0].gather(numbers[0], Array(numbers[(1 + x[0].rank)...]), shape: Array(numbers[1...x[0].rank]))]
  },
  "cat": { x, n in [try Tensor.cat(x, dim: Int(n[0]))] }, "stack": { x, n in [try Tensor.stack(x, dim: Int(n[0]))] },
  "tile": { x, n in [try x[0].tile(n.map { Int($0) })] }, "flip": { x, n in [try x[0].flip(n.map { Int($0) })] },
  "tril": along { try $0.tril($1) }, "triu": along { try $0.triu($1) }, "diag": along { try $0.diag($1) }, "contiguous": one { $0.contiguous() },
]

private let writes: [String: Operation] = [
  "add_": { x, n in [try x[0].add_(x[1], alpha: Float(n.first ?? 1))] }, "sub_": { x, n in [try x[0].sub_(x[1], alpha: Float(n.first ?? 1))] },
  "mul_": two { try $0.mul_($1) }, "div_": two { try $0.div_($1) }, "copy_": two { try $0.copy_($1) },
  "fill_": { x, n in [try x[0].fill_(Float(n[0]))] }, "zero_": one { try $0.fill_(0) }, "neg_": one { try $0.neg_() },
  "clamp_": { x, n in [try x[0].clamp_(Float(n[0]), Float(n[1]))] }, "masked_fill_": { x, n in [try x[0].maskedFill_(x[1], Float(n[0]))] },
  "index_write": { x, n in
    try x[0].indexWrite(Int(n[0]), n.dropFirst().map { Int($0) }, x[1])
    return [x[0]]
  },
]

/// a aᵀ + 1: symmetric positive definite, and smooth in a.
private func positive(_ a: Tensor) throws -> Tensor {
  let n = a.shape[a.rank - 1]
  let identity = try Tensor((0..<n * n).map { $0 % (n + 1) == 0 ? 1 : 0 }, shape: [n, n])
  return try a.matmul(a.transposed()) + identity
}
/// All elements one after the other.
private func flat(_ parts: Tensor...) throws -> Tensor { try Tensor.cat(parts.map { try $0.flatten() }) }

private let matrices: [String: Operation] = [
  "linalg.solve": two { try LinearAlgebra.solve($0, $1) }, "linalg.lstsq": two { try LinearAlgebra.lstsq($0, $1) },
  "linalg.inv": one { try LinearAlgebra.inv($0) }, "linalg.pinv": one { try LinearAlgebra.pinv($0) }, "linalg.det": one { try LinearAlgebra.det($0) },
  "linalg.slogdet": one { try LinearAlgebra.slogdet($0).logAbs }, "linalg.cholesky": one { try LinearAlgebra.cholesky(positive($0)) },
  "linalg.eigvalsh": one { try LinearAlgebra.eigvalsh(positive($0)) }, "linalg.svdvals": one { try LinearAlgebra.svdvals($0) },
  "linalg.cond": one { try LinearAlgebra.cond($0) }, "linalg.norm": one { try LinearAlgebra.norm($0) },
  "linalg.norm_nuc": one { try LinearAlgebra.norm($0, .nuclear) }, "linalg.norm_2": one { try LinearAlgebra.norm($0, .spectral) },
  "linalg.eigh": one {
    let (values, vectors) = try LinearAlgebra.eigh(positive($0))
    return try flat(values, vectors.squared())
  },
  "linalg.qr": one {
    let (q, r) = try LinearAlgebra.qr($0)
    return try flat(q, r)
  },
  "linalg.svd": one {
    let (u, s, vh) = try LinearAlgebra.svd($0)
    return try flat(u.squared(), s, vh.squared(), u.matmul(vh))
  },
]
