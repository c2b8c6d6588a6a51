import Testing

/// Lua in, what it returns out; `folder` is fresh.
private let results: [(String, String)] = [
  ("local p = folder .. '/a.npy' dsrl.save(p, dsrl.arange(6):reshape(2, 3):transpose()) local t = dsrl.load(p) return t.shape, t:to_table()",
   "{3, 2}, {{1.0, 4.0}, {2.0, 5.0}, {3.0, 6.0}}"),
  ("local p = folder .. '/a.NPZ' dsrl.save(p, {x = dsrl.ones(2):expand(3, 2), y = dsrl.tensor(2.5)}) local t = dsrl.load(p) return t.x.shape, t.y:item(), t.y.shape", "{3, 2}, 2.5, {}"),
  ("local p = folder .. '/a.safetensors' dsrl.save(p, {net = {{weight = dsrl.arange(6):narrow(1, 2, 3)}, bias = dsrl.zeros(0, 2)}, ['a.b'] = dsrl.eye(2)}, {made = 'here'}) local t, m = dsrl.load(p) return t['net.1.weight']:to_table(), t['net.bias'].shape, t['a.b'].shape, m",
   "{2.0, 3.0, 4.0}, {0, 2}, {2, 2}, {made = \"here\"}"),
  ("local p = folder .. '/a.safetensors' dsrl.save(p, {}) return dsrl.load(p)", "{}, {}"),
  // -0, denormals, infinities and NaN come back; the bits are compared through 1/x and string.pack.
  ("local p = folder .. '/a.npy' local x = dsrl.tensor{-0.0, 1e-45, 3.4e38, 1/0, -1/0, 0/0} dsrl.save(p, x) local y = dsrl.load(p) return 1 / y[1], y[2] > 0, y[3] == x[3], y[4], y[5], y[6] ~= y[6]",
   "-math.huge, true, true, math.huge, -math.huge, true"),
  ("local p = folder .. '/a.npz' dsrl.manual_seed(3) local x = dsrl.randn(4, 5, 6) dsrl.save(p, {x = x:permute(3, 1, 2)}) return same(dsrl.load(p).x, x:permute(3, 1, 2))", "true"),
  ("local p = folder .. '/a.npy' dsrl.save(p, dsrl.zeros(2)) pcall(dsrl.save, p, dsrl) return dsrl.load(p):to_table()", "{0.0, 0.0}"),
]

/// A mistake, and what the error must say.
let fileMistakes: [(String, String)] = [
  ("dsrl.save(folder .. '/a.txt', dsrl.zeros(1))", "a file of tensors ends in .safetensors, .npy or .npz, got '"),
  ("dsrl.save(folder .. '/a\\0.npy', dsrl.zeros(1))", "a path has no zero bytes"),
  ("dsrl.load('npy')", "ends in .safetensors, .npy or .npz, got 'npy'"),
  ("dsrl.load('/nowhere/a.npy')", "cannot read '/nowhere/a.npy': No such file or directory"),
  ("dsrl.save('/nowhere/a.npy', dsrl.zeros(1))", "cannot write '/nowhere/a.npy': No such file or directory"),
  ("dsrl.save(folder .. '/a.npy', {dsrl.zeros(1)})", "a .npy file holds one Tensor, got a list"),
  ("dsrl.save(folder .. '/a.npz', dsrl.zeros(1))", "a .npz file holds a table of names and tensors, got a Tensor"),
  ("dsrl.save(folder .. '/a.npz', {x = 1})", "'x' must be a Tensor or a table of them, got number 1"),
  ("dsrl.save(folder .. '/a.npz', {x = {y = 'z'}})", "'x.y' must be a Tensor or a table of them, got string 'z'"),
  ("dsrl.save(folder .. '/a.safetensors', {x = {y = dsrl.eye(1)}, ['x.y'] = dsrl.eye(1)})", "the name 'x.y' comes twice"),
  ("dsrl.save(folder .. '/a.npz', {x = {y = dsrl.eye(1)}, ['x.y'] = dsrl.eye(1)})", "the key 'x.y' comes twice"),
  ("dsrl.save(folder .. '/a.npz', {}, {a = 'b'})", "only .safetensors files hold metadata"),
  ("dsrl.save(folder .. '/a.safetensors', {}, {a = {}})", "bad argument #3 to 'save' ('a': string expected, got table)"),
  ("dsrl.save(folder .. '/a.npz', {['x\\0y'] = dsrl.eye(1)})", "the names of tensors in a file have no zero bytes"),
  ("os.execute('mkfifo ' .. folder .. '/a.npy') dsrl.load(folder .. '/a.npy')", "a.npy': it is not a regular file"),
  ("local t = {} t.t = t dsrl.save(folder .. '/a.npz', t)", "does it contain itself?"),
  ("local f = io.open(folder .. '/a.safetensors', 'w') f:write('x') f:close() dsrl.load(folder .. '/a.safetensors')", "is not a safetensors file: it has 1 bytes"),
  ("local f = io.open(folder .. '/a.npy', 'w') f:write(('x'):rep(99)) f:close() dsrl.load(folder .. '/a.npy')", "is not an npy array"),
]

@Suite struct FileLibraryTests {
  @Test(arguments: results) func result(_ source: String, _ expected: String) throws {
    let domain = try Domain()
    #expect(try domain.results(source) == expected)
    try domain.close()
  }
}
