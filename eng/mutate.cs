// Applies each mutant of eng/mutants.txt to a copy of the sources, builds the project it changes, and runs the Policy
// tests, or the packet tests for what changes the dataplane; they must fail. Run by eng/mutate.sh:
// dotnet run eng/mutate.cs -- REPOSITORY [NAME...]. Exits 1 if a mutant went unnoticed or did not build.
using System.Diagnostics;
using System.Runtime.InteropServices;

var repository = Path.GetFullPath(args[0]);
var wanted = args[1..];
var mutants = Mutant.Read(Path.Combine(repository, "eng", "mutants.txt"))
    .Where(m => wanted.Length == 0 || wanted.Contains(m.Name)).ToList();
var benches = new Dictionary<Suite, Bench>();
try
{
    var noticed = 0;
    foreach (var mutant in mutants)
    {
        if (!benches.TryGetValue(Suite.Of(mutant), out var bench))
        {
            benches[Suite.Of(mutant)] = bench = Bench.Create(repository, Suite.Of(mutant));
            if (bench.Test() is { Noticed: true } broken)
                return Fail($"the tests fail without any mutant: {broken.How}");
        }

        var clock = Stopwatch.StartNew();
        var outcome = bench.Try(mutant);
        noticed += outcome.Noticed ? 1 : 0;
        var word = outcome.Noticed ? "noticed  " : "UNNOTICED";
        Console.WriteLine($"{word} {mutant.Name,-42} {clock.Elapsed.TotalSeconds,5:0.0} s  {outcome.How}");
    }

    Console.WriteLine($"{mutants.Count} mutants, {noticed} noticed");
    return mutants.Count > 0 && noticed == mutants.Count ? 0 : 1;
}
finally
{
    foreach (var bench in benches.Values)
        bench.Delete();
}

static int Fail(string why)
{
    Console.Error.WriteLine(why);
    return 1;
}

/// <summary>A wrong meaning: replacements that stand for it.</summary>
sealed record Mutant(string Name, string Meaning, List<(string File, string Find, string With)> Edits)
{
    public static List<Mutant> Read(string path)
    {
        var mutants = new List<Mutant>();
        var (file, find) = ("", "");
        foreach (var line in File.ReadLines(path))
        {
            var word = line.Split(' ')[0];
            var rest = line[Math.Min(line.Length, word.Length + 1)..];
            if (word == "mutant")
                mutants.Add(new(rest.Split(": ", 2)[0], rest.Split(": ", 2)[1], []));
            else if (word == "file")
                file = rest;
            else if (word == "find")
                find = rest;
            else if (word == "with")
                mutants[^1].Edits.Add((file, find, rest));
        }

        return mutants;
    }
}

/// <summary>What became of a mutant: the test that noticed, or why none did.</summary>
readonly record struct Outcome(bool Noticed, string How);

/// <summary>Tests that must notice a mutant, and what of the repository they need.</summary>
sealed record Suite(string Name, string[] Sources, string[] Arguments)
{
    // The test of the list itself would notice every mutant.
    private static readonly Suite Policy = new(
        "Palisade.Policy.Tests", ["Palisade.Policy", "Palisade.Kubernetes", "Palisade.Manifests"],
        ["-class-", "Palisade.Policy.Tests.Repository.MutantListTests"]);

    /// <summary>Needs network namespaces (root); without them nothing is noticed.</summary>
    private static readonly Suite Packets = new(
        "Palisade.Dataplane.Tests",
        [
            "Palisade.Policy", "Palisade.Kubernetes", "Palisade.Manifests", "Palisade.Nftables", "Palisade.Dataplane",
            "Palisade.ApiServer", "Palisade.Agent",
        ],
        // Whole agents are slow, and meet nothing that the others do not.
        ["-class-", "*.Agent.*"]);

    public string Tests => $"tests/{Name}";

    public static Suite Of(Mutant mutant) =>
        mutant.Edits.Any(e => e.File.StartsWith("src/Palisade.Dataplane/", StringComparison.Ordinal))
            ? Packets
            : Policy;
}

/// <summary>
/// A copy of the sources with the tests built once; only the changed project is built again for each mutant.
/// </summary>
sealed class Bench(string folder, string shared, Suite suite)
{
    /// <summary>Twenty times what the tests need: a mutant that never ends is noticed too.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan BuildPatience = TimeSpan.FromMinutes(15);

    private string Tests => suite.Tests;

    public static Bench Create(string repository, Suite suite)
    {
        var folder = Directory.CreateTempSubdirectory("palisade-mutants-").FullName;
        string[] parts = [.. suite.Sources.Select(source => $"src/{source}"), suite.Tests, "tests/Shared"];
        foreach (var part in parts)
            Copy(Path.Combine(repository, part), Path.Combine(folder, part));
        foreach (var file in Directory.EnumerateFiles(repository)
            .Where(f => Path.GetExtension(f) is ".props" or ".json" or ".txt"))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        var shared = Environment.GetEnvironmentVariable("PALISADE_SHARED") is { Length: > 0 } set
            ? set
            : Path.GetFullPath(Path.Combine(repository, "..", "shared"));
        var bench = new Bench(folder, shared, suite);
        var build = bench.Run("dotnet", ["build", suite.Tests, "--nologo", "-v", "q"]);
        return build.ExitCode == 0
            ? bench
            : throw new InvalidOperationException($"the copy does not build:\n{build.Output}");
    }

    public Outcome Try(Mutant mutant)
    {
        var originals = mutant.Edits.Select(e => Path.Combine(folder, e.File))
            .Distinct().ToDictionary(f => f, File.ReadAllText);
        try
        {
            foreach (var (file, find, with) in mutant.Edits)
            {
                var path = Path.Combine(folder, file);
                var text = File.ReadAllText(path);
                if (text.Split(find).Length != 2)
                    return new(false, $"\"{find}\" does not stand exactly once in {file}");
                File.WriteAllText(path, text.Replace(find, with, StringComparison.Ordinal));
            }

            return Build(mutant) ?? Test();
        }
        finally
        {
            foreach (var (file, text) in originals)
                File.WriteAllText(file, text);
            // The next mutant may be in another project: this one's is put back as it was built, when it is.
            foreach (var project in Projects(mutant))
                _stale.Add(project);
        }
    }

    public Outcome Test()
    {
        var bin = Path.Combine(folder, Tests, "bin/Debug/net10.0", suite.Name);
        var run = Run(bin, ["-stopOnFail", "-noColor", .. suite.Arguments]);
        if (run.ExitCode == 0)
            return new(false, "every test passed");
        var failed = run.Output.Split('\n').FirstOrDefault(line => line.Contains("[FAIL]", StringComparison.Ordinal));
        var test = failed?.Replace("[FAIL]", "", StringComparison.Ordinal).Trim() ?? "the tests crashed";
        return new(true, run.ExitCode < 0 ? "the tests did not end" : test);
    }

    public void Delete() => Directory.Delete(folder, recursive: true);

    private readonly HashSet<string> _stale = [];

    private static IEnumerable<string> Projects(Mutant mutant) =>
        mutant.Edits.Select(e => e.File.Split('/')[1]).Distinct();

    /// <summary>
    /// Null when it built. Only the changed projects are built, and put beside the tests: no public signature changes.
    /// </summary>
    private Outcome? Build(Mutant mutant)
    {
        foreach (var project in _stale.Union(Projects(mutant)).ToList())
        {
            // The compiler alone takes two seconds, a build ten; the build is asked when the compiler alone cannot do
            // it.
            var bin = Path.Combine(folder, Tests, "bin/Debug/net10.0");
            if (!Compile(project, Path.Combine(bin, $"{project}.dll")))
            {
                var build = Run("dotnet", ["build", $"src/{project}", "--no-restore", "--no-dependencies", "-v", "q"]);
                if (build.ExitCode != 0)
                    return new(false, $"does not build: {build.Output.Split('\n').FirstOrDefault(IsError)}");
                var built = Path.Combine(folder, "src", project, "bin/Debug/net10.0", $"{project}.dll");
                File.Copy(built, Path.Combine(bin, $"{project}.dll"), overwrite: true);
            }

            _stale.Remove(project);
        }

        return null;
    }

    private static bool IsError(string line) => line.Contains("error", StringComparison.Ordinal);

    private bool Compile(string project, string output)
    {
        var source = Path.Combine(folder, "src", project);
        var bin = Path.GetDirectoryName(output)!;
        // dotnet/shared/Microsoft.NETCore.App/VERSION: the SDK's root is three levels up.
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var compiler = Directory.GetDirectories(Path.Combine(root, "sdk"), "10.*").Order(StringComparer.Ordinal).Last();
        var framework = Directory.GetDirectories(Path.Combine(root, "packs/Microsoft.NETCore.App.Ref"), "10.*").Last();
        var others = Directory.EnumerateFiles(bin, "*.dll").Where(dll =>
            Path.GetFileName(dll) is var name && name != $"{project}.dll" && name != $"{suite.Name}.dll");
        var files = Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.StartsWith(Path.Combine(source, "obj"), StringComparison.Ordinal))
            .Concat(Directory.EnumerateFiles(Path.Combine(source, "obj/Debug/net10.0"), "*.cs"));
        string[] lines =
        [
            "-nologo -target:library -checked+ -nullable:enable -langversion:latest -unsafe+ -debug:embedded -nowarn:1591",
            $"-out:\"{output}\"",
            .. Directory.EnumerateFiles(Path.Combine(framework, "ref/net10.0"), "*.dll").Concat(others)
                .Select(dll => $"-r:\"{dll}\""),
            .. files.Select(path => $"\"{path}\""),
        ];
        var response = Path.Combine(folder, $"{project}.rsp");
        File.WriteAllLines(response, lines);
        return Run("dotnet", ["exec", Path.Combine(compiler, "Roslyn/bincore/csc.dll"), $"@{response}"]).ExitCode == 0;
    }

    private (int ExitCode, string Output) Run(string command, string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["PALISADE_SHARED"] = shared;
        start.Environment["PALISADE_RANDOM_CLUSTERS"] = "300";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(command == "dotnet" ? BuildPatience : Patience))
        {
            process.Kill(entireProcessTree: true);
            return (-1, "");
        }

        return (process.ExitCode, output.Result + errors.Result);
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var relative = Path.GetRelativePath(from, file);
            if (relative.Split('/').Any(part => part is "bin" or "obj"))
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(to, relative))!);
            File.Copy(file, Path.Combine(to, relative));
        }
    }
}
