import Synchronization

/// One recorded step: the operands, and the rule that maps dL/dresult to dL/doperand (nil where none is wanted).
/// While it lives, the memory of its operands and its result is not written in place.
final class History {
  private(set) var operands: [Tensor]
  /// nil once `backward` has used the step up.
  private(set) var rule: ((Tensor) throws -> [Tensor?])?
  private let result: Storage
  /// The layer it belongs to, while a profile runs.
  let scope = Profile.scope

  init(_ operands: [Tensor], result: Storage, _ rule: @escaping (Tensor) throws -> [Tensor?]) {
    (self.operands, self.rule, self.result) = (operands, rule, result)
    for operand in operands { operand.storage.claim() }
    result.claim()
    stepCount.add(1, ordering: .relaxed)
  }

  /// Lets go of everything it holds and returns the operands.
  @discardableResult
  func release() -> [Tensor] {
    guard rule != nil else { return [] }
    let held = operands
    for operand in held { operand.storage.unclaim() }
    result.unclaim()
    (operands, rule) = ([], nil)
    return held
  }

  /// A graph that nobody walked goes step by step: a chain may be longer than the stack is deep.
  deinit {
    var pending = release()
    while var tensor = pending.popLast() {
      if let history = tensor.history, isKnownUniquelyReferenced(&tensor) { pending += history.release() }
    }
  }
}

private let stepCount = Atomic<Int>(0)

extension Tensor {
  /// Steps recorded since the process began.
  public static var recordedStepCount: Int { stepCount.load(ordering: .relaxed) }
}
