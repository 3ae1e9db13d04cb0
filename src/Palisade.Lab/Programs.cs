using Palisade.Lab.Pods;

namespace Palisade.Lab;

/// <summary>Where the programs are that the lab starts.</summary>
internal static class Programs
{
    private const string AgentName = "palisade-agent";

    /// <summary>
    /// The agent: beside this program when installed, in its own project's output when built from source.
    /// </summary>
    public static IReadOnlyList<string> Agent()
    {
        var here = AppContext.BaseDirectory.TrimEnd('/');
        // …/src/Palisade.Cli/bin/Debug/net10.0 → …/src/Palisade.Agent/bin/Debug/net10.0
        var output = new DirectoryInfo(here);
        var sources = output.Parent?.Parent?.Parent?.Parent?.FullName ?? here;
        string[] places =
        [
            Path.Combine(here, AgentName),
            Path.Combine(sources, "Palisade.Agent", "bin", output.Parent?.Name ?? "", output.Name, AgentName),
        ];
        return Array.Find(places, File.Exists) is { } found
            ? [found]
            : throw new LabException(
                $"the agent is not there: looked for {string.Join(" and ", places)}; build the solution first");
    }

    /// <summary>This program once more, as the step before a pod's command.</summary>
    public static IReadOnlyList<string> Shim()
    {
        var program = Environment.ProcessPath ?? throw new LabException("this program's own file is not known");
        // Started as `dotnet palisade-cli.dll`: the host needs the assembly again.
        return Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? [program, Path.GetFullPath(Environment.GetCommandLineArgs()[0]), PodCommandShim.Verb]
            : [program, PodCommandShim.Verb];
    }
}
