using System.Text.RegularExpressions;

namespace Palisade.EndToEnd.Tests.Clients;

/// <summary>One client program of one version: a folder, a kubeconfig and a namespace of its own.</summary>
internal sealed partial class ClientSession : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("palisade-client-").FullName;
    private readonly string _namespace;

    /// <param name="program">The client's program.</param>
    /// <param name="name">How the scripts call it.</param>
    /// <param name="title">What tells the session from others: v1-24.</param>
    /// <param name="kubeconfig">The cluster's kubeconfig, copied.</param>
    public ClientSession(string program, string name, string title, string kubeconfig)
    {
        _namespace = title;
        File.CreateSymbolicLink(Path.Combine(_folder, name), program);
        File.Copy(kubeconfig, Path.Combine(_folder, "config"));
        foreach (var file in Directory.EnumerateFiles(
            Path.Combine(Places.Root, "tests", "Palisade.EndToEnd.Tests", "Clients", "files"), "*",
            SearchOption.AllDirectories))
            Copy(file, title);
    }

    /// <summary>What there is for the scripts to use.</summary>
    public string Folder => _folder;

    /// <summary>Runs a step: its cell of the table, and all that it printed.</summary>
    public async Task<(string Cell, Ran Ran)> RunAsync(ClientStep step)
    {
        var ran = await Shell.RunAsync(
            "/bin/bash",
            ["-c", $"cd '{_folder}'; {step.Script}"],
            null,
            [
                new("HOME", _folder),
                new("KUBECONFIG", Path.Combine(_folder, "config")),
                new("PATH", $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}"),
                new("ns", _namespace),
                new("group", $"{_namespace}.example.com"),
            ]);
        var all = ran.Output + ran.Errors;
        if (ran.Code == 0 && Regex.IsMatch(all, step.Expect))
            return ("yes", ran);
        return (NoCommand().IsMatch(all) ? "–" : NotServed().IsMatch(all) ? "not served" : "no", ran);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Copy(string file, string title)
    {
        var root = Path.Combine(Places.Root, "tests", "Palisade.EndToEnd.Tests", "Clients", "files");
        var target = Path.Combine(_folder, Path.GetRelativePath(root, file));
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.WriteAllText(target, File.ReadAllText(file).Replace("SESSION", title, StringComparison.Ordinal));
    }

    // The client's own words for what it does not have.
    [GeneratedRegex("unknown (command|flag|shorthand|subcommand)|[Uu]nexpected args|must specify one of")]
    private static partial Regex NoCommand();

    [GeneratedRegex(
        "not served yet|could not find the requested resource|doesn't have a resource type|no matches for kind")]
    private static partial Regex NotServed();
}
