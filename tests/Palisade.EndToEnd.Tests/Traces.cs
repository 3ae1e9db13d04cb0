namespace Palisade.EndToEnd.Tests;

/// <summary>
/// What a running `up` has of the machine: its processes and its namespaces. Taken before it ends, looked for after.
/// </summary>
internal sealed class Traces
{
    private readonly string _mark;
    private readonly HashSet<string> _namespaces;
    private readonly IReadOnlyList<int> _holders;

    private Traces(string mark, HashSet<string> namespaces)
    {
        _mark = mark;
        _namespaces = namespaces;
        _holders = [.. Processes().Where(process => Held(process).Any())];
    }

    /// <summary>How many network namespaces it had beside the machine's.</summary>
    public int Namespaces => _namespaces.Count;

    /// <summary>The traces of an `up`: the namespaces of its threads and of its children.</summary>
    public static Traces Of(UpProcess up)
    {
        var mark = $"PALISADE_LAB={up.Data}";
        var own = NamespaceOf("/proc/self/ns/net");
        var namespaces = Marked(mark).Append(up.Id)
            .SelectMany(process => Entries($"/proc/{process}/task"))
            .Select(task => NamespaceOf($"{task}/ns/net"))
            .OfType<string>().Where(found => found != own).ToHashSet();
        return new Traces(mark, namespaces);
    }

    /// <summary>What is still there.</summary>
    public IReadOnlyList<string> Left() => [.. LeftProcesses(), .. LeftNamespaces()];

    /// <summary>Children that still run.</summary>
    public IReadOnlyList<string> LeftProcesses() =>
        [.. Marked(_mark).Select(process => $"process {process} {CommandOf(process)}")];

    /// <summary>
    /// Who still holds one of its namespaces: of those who held one, and of the children. (Others may have namespaces
    /// with
    /// the same numbers: the kernel gives a number that is free to the next.)
    /// </summary>
    public IReadOnlyList<string> LeftNamespaces() =>
        [.. _holders.Union(Marked(_mark)).SelectMany(Held).Select(task => $"namespace held by {task}")];

    /// <summary>The interfaces of the machine's own namespace.</summary>
    public static IReadOnlyList<string> MachineLinks() =>
        [.. Directory.GetFileSystemEntries("/sys/class/net").Select(path => Path.GetFileName(path))
            .Order(StringComparer.Ordinal)];

    /// <summary>The processes that carry the lab's mark: agents and pods' commands.</summary>
    public static IReadOnlyList<int> Marked(string mark) => [.. Processes().Where(process =>
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/environ").Split('\0').Contains(mark);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    })];

    /// <summary>A process's command line.</summary>
    public static string CommandOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' ').Trim();
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private IEnumerable<string> Held(int process) => Entries($"/proc/{process}/task")
        .Where(task => NamespaceOf($"{task}/ns/net") is { } found && _namespaces.Contains(found));

    private static IEnumerable<int> Processes() =>
        Directory.GetDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out var id) ? id : 0)
            .Where(id => id > 0);

    private static string[] Entries(string directory)
    {
        try
        {
            return Directory.GetDirectories(directory);
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static string? NamespaceOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
