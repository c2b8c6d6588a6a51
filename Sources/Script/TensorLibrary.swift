import LuaBridge
import Tensors

extension Interpreter {
  /// dsrl.tensor and its kin, and the type Tensor.
  func installTensors(_ random: Randomness) {
    module("dsrl") { m in
      m.function("tensor", "(values: table | number) -> Tensor", "A tensor of nested lists of numbers, float32; a number gives rank 0.") {
        (value: LuaValue) throws -> Tensor in try Tensor(copying: value)
      }
      m.function("zeros", "(...: integer) -> Tensor", "Zeros of a shape: zeros(2, 3) or zeros{2, 3}.") { (shape: Integers) throws -> Tensor in
        .zeros(try shape.shape())
      }
      m.function("ones", "(...: integer) -> Tensor", "Ones of a shape: ones(2, 3) or ones{2, 3}.") { (shape: Integers) throws -> Tensor in
        .ones(try shape.shape())
      }
      m.function("full", "(shape: integer[], value: number) -> Tensor", "A shape filled with one number.") {
        (shape: [Int], value: Float) throws -> Tensor in
        try Tensor.check(shape)
        return .full(value, shape)
      }
      m.function("arange", "(first: number, last?: number, step?: number) -> Tensor",
        "first, first + step, ... up to and with last, as Lua's for; arange(n) counts 1 to n.", arange)
      m.function("linspace", "(first: number, last: number, count: integer) -> Tensor", "`count` numbers at even distances, both ends among them.", linspace)
      m.function("eye", "(n: integer) -> Tensor", "The identity matrix, [n, n].") { (n: Int) throws -> Tensor in
        try Tensor.check([n, n])
        return Tensor.filled([n, n]) { target in for i in 0..<n * n { target[i] = i % (n + 1) == 0 ? 1 : 0 } }
      }
      m.function("cat", "(tensors: Tensor[], dim?: integer) -> Tensor", "Tensors side by side along dim (1); their other sizes are equal.") {
        (parts: [Tensor], dim: FromOne?) throws -> Tensor in try join(parts, dim)
      }
      m.function("stack", "(tensors: Tensor[], dim?: integer) -> Tensor", "Tensors of one shape along a new dimension dim (1).", stack)
      m.function("randn", "(...: integer) -> Tensor", "Standard normal numbers of a shape, from the stream of manual_seed.") {
        (shape: Integers) throws -> Tensor in try .randn(shape.shape(), using: &random.stream)
      }
      m.function("uniform", "(shape: integer[], low?: number, high?: number) -> Tensor", "Numbers uniform on [low, high), by default [0, 1).") {
        (shape: [Int], low: Float?, high: Float?) throws -> Tensor in
        try .uniform(shape, low ?? 0, high ?? 1, using: &random.stream)
      }
      m.function("manual_seed", "(seed: integer)", "Begins the streams of randn and uniform, of new modules' weights and of dropout anew. Agents, policies and environments have streams of their own.") {
        (seed: Int) in random.begin(seed)
      }
      m.function("randint", "(shape: integer[], low: integer, high: integer) -> Tensor", "Integers of a shape, each from low to high, both included.") {
        (shape: [Int], low: Int, high: Int) throws -> Tensor in try .randint(shape, low, high, using: &random.stream)
      }
      m.function("randperm", "(n: integer) -> Tensor", "1 to n in random order.") { (n: Int) throws -> Tensor in
        try indices(Tensor.permutation(n, using: &random.stream), [n])
      }
      m.function("zeros_like", "(t: Tensor) -> Tensor", "Zeros of another tensor's shape.") { (t: Tensor) throws -> Tensor in try t.like { .zeros($0) } }
      m.function("ones_like", "(t: Tensor) -> Tensor", "Ones of another tensor's shape.") { (t: Tensor) throws -> Tensor in try t.like { .ones($0) } }
      m.function("full_like", "(t: Tensor, value: number) -> Tensor", "Another tensor's shape filled with one number.") {
        (t: Tensor, value: Float) throws -> Tensor in try t.like { .full(value, $0) }
      }
      m.function("randn_like", "(t: Tensor) -> Tensor", "Standard normal numbers of another tensor's shape, from the stream of manual_seed.") {
        (t: Tensor) throws -> Tensor in try .randn(t.shape, using: &random.stream)
      }
    }
    installChoice()
    installGradients()
    let garbage = GarbageOfSteps(self)
    type(Tensor.self, doc: "An array of float32 numbers with its gradient. Dimensions and indices count from 1, or from the end when negative.") { t in
      declareOperators(t)
      declareFunctions(t)
      declareComparisons(t)
      declareReductions(t)
      declareViews(t)
      declareParts(t)
      declareGradients(t)
      declareWriting(t, garbage)
    }
  }
}

extension Tensor {
  /// What `make` gives for self's shape; an expanded tensor may be larger than memory.
  fileprivate func like(_ make: ([Int]) -> Tensor) throws -> Tensor {
    try Tensor.check(shape)
    return make(shape)
  }
}

private func arange(_ first: Double, _ last: Double?, _ step: Double?) throws -> Tensor {
  let (low, high) = last.map { (first, $0) } ?? (1, first)
  let step = step ?? 1
  guard step != 0, ((high - low) / step).isFinite else { throw UsageError("arange wants finite ends and a step other than 0, got \(low), \(high), \(step)") }
  let count = max(0, ((high - low) / step).rounded(.down) + 1)
  guard count <= 0x1p30 else { throw UsageError("arange would make \(count) numbers") }
  return Tensor.filled([Int(count)]) { target in for i in 0..<Int(count) { target[i] = Float(low + Double(i) * step) } }
}

private func linspace(_ first: Double, _ last: Double, _ count: Int) throws -> Tensor {
  guard (1...1 << 30).contains(count) else { throw UsageError("linspace wants a positive count, got \(count)") }
  let step = count > 1 ? (last - first) / Double(count - 1) : 0
  return Tensor.filled([count]) { target in for i in 0..<count { target[i] = Float(i == count - 1 && i > 0 ? last : first + Double(i) * step) } }
}

/// cat, with an error that counts dimensions from 1.
func join(_ parts: [Tensor], _ dim: FromOne?) throws -> Tensor {
  guard let first = parts.first else { throw UsageError("cat wants at least one tensor, got none") }
  let d = try first.dimension(dim ?? FromOne(number: 1))
  for part in parts where part.rank != first.rank || zip(part.shape, first.shape).enumerated().contains(where: { $0 != d && $1.0 != $1.1 }) {
    throw UsageError("cannot cat shape \(part.shape) to \(first.shape) along dimension \(d + 1)")
  }
  return try Tensor.cat(parts, dim: d)
}

func stack(_ parts: [Tensor], _ dim: FromOne?) throws -> Tensor {
  guard let first = parts.first else { throw UsageError("stack wants at least one tensor, got none") }
  let d = try (dim ?? FromOne(number: 1)).index(of: first.rank + 1, "the new dimension")
  return try Tensor.stack(parts, dim: d)
}
