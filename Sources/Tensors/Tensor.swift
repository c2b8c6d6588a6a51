/// An n-dimensional array of Floats, row-major and contiguous unless it is a view, that remembers how it was computed.
public final class Tensor: @unchecked Sendable {
  public let shape: [Int]
  let strides: [Int]
  let offset: Int
  let storage: Storage

  /// How this tensor came about; nil for a leaf or where gradients were not recorded.
  let history: History?
  /// Whether `backward` reaches this tensor.
  public internal(set) var requiresGrad: Bool
  /// What `backward` left here: dL/dself, in self's shape. Leaves only.
  public internal(set) var grad: Tensor?

  public var rank: Int { shape.count }
  public var count: Int { shape.reduce(1, *) }
  /// Whether the elements lie one after the other in row-major order.
  public var isContiguous: Bool {
    var step = 1
    for dim in stride(from: shape.count - 1, through: 0, by: -1) where shape[dim] != 1 {
      guard strides[dim] == step else { return shape.contains(0) }
      step *= shape[dim]
    }
    return true
  }

  init(storage: Storage, shape: [Int], strides: [Int], offset: Int, history: History? = nil) {
    (self.storage, self.shape, self.strides, self.offset, self.history) = (storage, shape, strides, offset, history)
    requiresGrad = history != nil
  }

  /// A contiguous tensor whose elements are not set yet.
  init(uninitialized shape: [Int], history: History? = nil) {
    (self.shape, self.strides, offset, self.history) = (shape, Tensor.rowMajor(shape), 0, history)
    storage = Storage(shape.reduce(1, *))
    requiresGrad = history != nil
  }

  private static let stridesOfVector = [1]

  static func rowMajor(_ shape: [Int]) -> [Int] {
    guard shape.count != 1 else { return stridesOfVector }
    var strides = shape
    var step = 1
    for dim in shape.indices.reversed() {
      strides[dim] = step
      step *= Swift.max(shape[dim], 1)
    }
    return strides
  }
}

// MARK: Making

extension Tensor {
  /// Takes `values` in row-major order; as many as `shape` holds, or it throws.
  public convenience init(_ values: [Float], shape: [Int]) throws {
    try Tensor.check(shape)
    guard values.count == shape.reduce(1, *) else {
      throw UsageError("shape \(shape) holds \(shape.reduce(1, *)) numbers, got \(values.count)")
    }
    self.init(uninitialized: shape)
    values.withUnsafeBufferPointer { if let base = $0.baseAddress { storage.pointer.update(from: base, count: values.count) } }
  }
  /// A vector.
  public convenience init(_ values: [Float]) {
    self.init(uninitialized: [values.count])
    values.withUnsafeBufferPointer { if let base = $0.baseAddress { storage.pointer.update(from: base, count: values.count) } }
  }

  public static func full(_ value: Float, _ shape: [Int]) -> Tensor {
    let span = Profile.Span("full"); defer { span.end() }
    let result = Tensor(uninitialized: shape)
    result.storage.pointer.update(repeating: value, count: result.count)
    return result
  }
  public static func zeros(_ shape: [Int]) -> Tensor { full(0, shape) }
  public static func ones(_ shape: [Int]) -> Tensor { full(1, shape) }
  /// Rank 0.
  public static func scalar(_ value: Float) -> Tensor { full(value, []) }

  /// Throws for a negative size, and for more bytes than the machine can give beside the tensors there are.
  public static func check(_ shape: [Int]) throws {
    var (count, span) = (1, 1)  // elements, and what the strides multiply up to where a size is 0
    for size in shape {
      guard size >= 0 else { throw UsageError("a shape's sizes are not negative, got \(shape)") }
      let (product, overflow) = span.multipliedReportingOverflow(by: Swift.max(size, 1))
      guard !overflow, product < 1 << 60 else { throw UsageError("a tensor of shape \(shape) is too large") }
      (count, span) = (count * size, product)
    }
    let bytes = count * MemoryLayout<Float>.stride
    guard bytes <= 1 << 20 || bytes + liveByteCount <= memoryLimit else {
      let (wanted, held, usable) = (bytes >> 20, liveByteCount >> 20, memoryLimit >> 20)
      throw UsageError("a tensor of shape \(shape) is too large: it wants \(wanted) MiB, all tensors hold \(held) and may hold \(usable)")
    }
  }
}

// MARK: Reading and writing

extension Tensor {
  /// The elements in row-major order.
  public var values: [Float] { withPointer { Array(UnsafeBufferPointer(start: $0, count: count)) } }

  /// The only element; throws if there are more or none.
  public func item() throws -> Float {
    guard count == 1 else { throw UsageError("item() wants a tensor with one element, got shape \(shape)") }
    return storage.pointer[offset]
  }

  /// The elements in row-major order, valid during `body` only; copies a view that is not contiguous.
  @inline(__always)
  public func withPointer<R>(_ body: (UnsafePointer<Float>) throws -> R) rethrows -> R {
    let dense = isContiguous ? self : packed()
    return try withExtendedLifetime(dense) { try body(UnsafePointer(dense.storage.pointer + dense.offset)) }
  }

  /// Writes in place, past the gradient's bookkeeping: for parameters, buffers and fresh results. Contiguous tensors only.
  @inline(__always)
  public func withMutablePointer<R>(_ body: (UnsafeMutablePointer<Float>) throws -> R) rethrows -> R {
    precondition(isContiguous, "a view is not written through a pointer")
    return try withExtendedLifetime(self) { try body(storage.pointer + offset) }
  }

  /// A new tensor whose elements `fill` writes, every one of them.
  public static func filled(_ shape: [Int], _ fill: (UnsafeMutablePointer<Float>) throws -> Void) rethrows -> Tensor {
    let result = Tensor(uninitialized: shape)
    try fill(result.storage.pointer)
    return result
  }

  /// Overwrites the elements with those of `other`, whose shape must be the same.
  public func assign(_ other: Tensor) throws {
    guard other.shape == shape else { throw UsageError("cannot assign shape \(other.shape) to shape \(shape)") }
    withMutablePointer { target in other.withPointer { target.update(from: $0, count: count) } }
  }
}
