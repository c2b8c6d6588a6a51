extension Tensor {
  @TaskLocal static var recording = true

  /// Runs `body` without remembering how its tensors come about.
  public static func withoutGrad<R>(_ body: () throws -> R) rethrows -> R { try $recording.withValue(false, operation: body) }

  /// The same elements as the result of `operands`, if anything is to be remembered; a rule gives gradients in the result's shape,
  /// and `backward` undoes broadcasting.
  func recorded(_ operands: [Tensor], _ rule: @escaping (Tensor) throws -> [Tensor?]) -> Tensor {
    guard operands.contains(where: \.requiresGrad), Tensor.recording else { return self }
    return Tensor(storage: storage, shape: shape, strides: strides, offset: offset, history: History(operands, result: storage, rule))
  }

  /// The same elements, with no past.
  public func detach() -> Tensor {
    history == nil && !requiresGrad ? self : Tensor(storage: storage, shape: shape, strides: strides, offset: offset)
  }

  /// Whether this tensor came about by no recorded step.
  public var isLeaf: Bool { history == nil }

  /// Makes this leaf collect a gradient; returns itself.
  @discardableResult
  public func trackGradient(_ on: Bool = true) throws -> Tensor {
    guard history == nil else { throw UsageError("only a leaf can be told to require gradients; detach() makes one") }
    requiresGrad = on
    return self
  }

  public func zeroGrad() { grad = nil }
  /// Replaces the collected gradient, as clipping does. Shares memory with `gradient`, which must have self's shape.
  public func setGrad(_ gradient: Tensor?) throws {
    if let gradient, gradient.shape != shape { throw UsageError("a gradient of shape \(shape) was wanted, got \(gradient.shape)") }
    grad = gradient.map { $0.view($0.shape, $0.strides) }  // another object: self must not hold itself
  }

  /// Adds dself/dx to `x.grad` for every leaf x that requires it. Without a seed, self must hold one element.
  /// The graph is used up by it, step by step, and its memory goes; with `retainGraph` it can be walked again.
  public func backward(_ seed: Tensor? = nil, retainGraph: Bool = false) throws {
    guard requiresGrad else { throw UsageError("backward() on a tensor that does not depend on one requiring gradients") }
    guard seed != nil || count == 1 else { throw UsageError("backward() wants one element, got shape \(shape); reduce it with mean() or sum()") }
    if let seed, seed.shape != shape { throw UsageError("backward() wants a gradient of shape \(shape), got \(seed.shape)") }

    let whole = Profile.Span(backwardOf: Profile.scope); defer { whole.end() }
    var order = recordedOrder()
    guard order.allSatisfy({ $0.history == nil || $0.history?.rule != nil }) else {
      throw UsageError("this graph was already used; pass retain_graph = true to the first backward")
    }
    try Tensor.withoutGrad {
      var gradients = [ObjectIdentifier(self): seed ?? Tensor.ones(shape)]
      var given = Set(seed.map { [ObjectIdentifier($0.storage)] } ?? [])
      while let tensor = order.popLast() {
        defer { if !retainGraph { tensor.history?.release() } }
        guard let gradient = gradients.removeValue(forKey: ObjectIdentifier(tensor)) else { continue }
        guard let history = tensor.history, let rule = history.rule else {
          // Each leaf's gradient has memory of its own: it may be written in place.
          let isShared = !given.insert(ObjectIdentifier(gradient.storage)).inserted
          tensor.grad = if let sum = tensor.grad { try sum + gradient } else { isShared ? gradient.clone() : gradient.contiguous() }
          continue
        }
        let span = Profile.Span(backwardOf: history.scope); defer { span.end() }
        for (operand, partial) in zip(history.operands, try rule(gradient)) where operand.requiresGrad {
          guard let partial = try partial?.reduced(to: operand.shape) else { continue }
          let key = ObjectIdentifier(operand)
          gradients[key] = if let sum = gradients[key] { try sum + partial } else { partial }
        }
      }
    }
  }

  /// Every tensor that self depends on, operands before results; iterative, since a chain may be long.
  private func recordedOrder() -> [Tensor] {
    var order: [Tensor] = []
    var seen: Set<ObjectIdentifier> = []
    var pending: [(tensor: Tensor, expanded: Bool)] = [(self, false)]
    while let (tensor, expanded) = pending.popLast() {
      if expanded { order.append(tensor); continue }
      guard tensor.requiresGrad, seen.insert(ObjectIdentifier(tensor)).inserted else { continue }
      pending.append((tensor, true))
      for operand in tensor.history?.operands ?? [] { pending.append((operand, false)) }
    }
    return order
  }

  /// Sums over the dimensions that broadcasting stretched.
  func reduced(to target: [Int]) throws -> Tensor {
    guard shape != target else { return self }
    var result = self
    while result.rank > target.count { result = try result.sum(0) }
    for dim in target.indices where target[dim] == 1 && result.shape[dim] != 1 { result = try result.sum(dim, keepDim: true) }
    return result
  }
}
