import FoundationEssentials
import Files
import Glibc
import Runs
import Tensors

/// A suite's cells as an array of Slurm jobs: one cell a job, each its own launcher, so that any number of arrays may work on one folder.
public struct SlurmArray {
  public let suiteFile: String
  public let store: SuiteStore
  public let program: String
  public let jobs, threads: Int
  public let partition, time, memory: String?
  /// Further words for sbatch.
  public let words: [String]

  public init(suiteFile: String, store: SuiteStore, program: String, jobs: Int, threads: Int, partition: String?, time: String?, memory: String?, words: [String]) {
    (self.suiteFile, self.store, self.program, self.jobs, self.threads) = (suiteFile, store, program, jobs, threads)
    (self.partition, self.time, self.memory, self.words) = (partition, time, memory, words)
  }

  /// The variables and commands are those of Slurm's sbatch(1): SIGTERM comes a minute before the end and, with `exec`, to the program.
  func script(array number: Int, count: Int) -> String {
    let options = [
      "--job-name=\(store.path.split(separator: "/").last ?? "suite")", "--array=1-\(count)%\(jobs)", "--cpus-per-task=\(threads)",
      "--output=\(store.path)/slurm/%A-%a.log", "--open-mode=append", "--requeue", "--signal=B:TERM@60",
      partition.map { "--partition=\($0)" }, time.map { "--time=\($0)" }, memory.map { "--mem=\($0)" },
    ].compactMap { $0 }
    let command = [program, "bench", suiteFile, "--out", store.path, "--threads", String(threads)].map(SlurmArray.quoted).joined(separator: " ")
    return "#!/bin/sh\n" + options.map { "#SBATCH \($0)\n" }.joined() + "exec \(command) --array \(number):$SLURM_ARRAY_TASK_ID\n"
  }

  /// Hands the cells to sbatch; returns what it says.
  public func submit(_ cells: [Cell]) throws -> String {
    guard !cells.isEmpty else { return "nothing to submit: every cell has its result or is at work" }
    let folder = store.path + "/slurm"
    do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
      throw UsageError("cannot make the folder '\(folder)': \(String(cString: strerror(errno)))")
    }
    let number = (1...).first { access("\(folder)/array-\($0).json", F_OK) != 0 } ?? 1
    try AtomicFile.write(try JSON.encode(cells.map(\.key)), to: "\(folder)/array-\(number).json")
    let file = "\(folder)/array-\(number).sh"
    try AtomicFile.write(script(array: number, count: cells.count), to: file)
    guard let result = try Command.run(["sbatch"] + words + [file]) else { throw UsageError("there is no sbatch here: Slurm's commands are not on the PATH") }
    guard result.status == 0 else { throw UsageError("sbatch refused '\(file)': \(result.errors)") }
    return String(decoding: result.output, as: UTF8.self).split(separator: "\n").joined(separator: "\n") + ": \(cells.count) cells, logs in \(folder)"
  }

  /// The cell that a job of an array is for, "2:7" being the seventh of array 2; none where it has its result already.
  public static func cells(of word: String, in store: SuiteStore, among todo: [Cell]) throws -> [Cell] {
    let parts = word.split(separator: ":").compactMap { Int($0) }
    guard parts.count == 2 else { throw UsageError("an array's job is NUMBER:INDEX, got '\(word)'") }
    let file = "\(store.path)/slurm/array-\(parts[0]).json"
    let keys = try JSON.decode([String].self, from: try readBytes(file), source: file)
    guard keys.indices.contains(parts[1] - 1) else { throw UsageError("'\(file)' has \(keys.count) cells, wanted number \(parts[1])") }
    let key = keys[parts[1] - 1]
    guard try store.cells.contains(where: { $0.key == key }) else {
      throw UsageError("the suite, its script or a module has changed since array \(parts[0]) was submitted; submit it again")
    }
    return todo.filter { $0.key == key }
  }

  /// Puts this job back into Slurm's queue, in which it goes on.
  public static func requeue() throws {
    guard let job = getenv("SLURM_JOB_ID").map({ String(cString: $0) }) else { return }
    let result = try Command.run(["scontrol", "requeue", job])
    if let result, result.status == 0 { return }
    throw UsageError("scontrol requeue \(job): \(result?.errors ?? "there is no scontrol")")
  }

  static func quoted(_ word: String) -> String {
    word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=+:,".contains($0)) } && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
