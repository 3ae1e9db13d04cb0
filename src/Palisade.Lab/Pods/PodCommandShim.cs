using System.Globalization;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab.Pods;

/// <summary>
/// The small step between `up` and a pod's command: this program starts itself inside the pod's namespace, ties its
/// life to `up`'s, and becomes the command. .NET has no place between fork and exec where that could be done otherwise.
/// </summary>
public static class PodCommandShim
{
    /// <summary>The hidden first argument that asks for it.</summary>
    public const string Verb = "__pod-command";

    private const string Resolver = "/etc/resolv.conf";

    // What a shell answers when a program does not exist, or cannot be run (POSIX 2.8.2).
    private const int NotFound = 127;
    internal const int NotExecutable = 126;

    /// <summary>
    /// Arguments: the parent's process id, the file to see as /etc/resolv.conf or "", the host name or "", the terminal
    /// or "", the program, its arguments. Returns only when it fails.
    /// </summary>
    public static int Run(IReadOnlyList<string> arguments)
    {
        if (arguments.Count < 5 || !int.TryParse(arguments[0], CultureInfo.InvariantCulture, out var parent))
            return NotExecutable;
        if (!ProcessControl.DieWithParent(parent))
            return NotExecutable;
        ProcessControl.BeginSession();
        if (arguments[3].Length > 0)
            ProcessControl.UseTerminal(arguments[3]);
        if (arguments[1].Length > 0)
            Try("no names of the cluster", () => MountNamespace.Replace(Resolver, arguments[1]));
        if (arguments[2].Length > 0)
            Try("no host name of its own", () => ProcessControl.UseHostName(arguments[2]));
        var command = arguments.Skip(4).ToList();
        var program = Find(command[0], System.Environment.GetEnvironmentVariable("PATH"));
        if (program is null)
        {
            Console.Error.WriteLine($"{command[0]}: no such program on this machine (images are not pulled)");
            return NotFound;
        }

        try
        {
            ProcessControl.Execute(program, [.. command.Skip(1)]);
        }
        catch (KernelException refusal)
        {
            Console.Error.WriteLine(refusal.Message);
        }

        return NotExecutable;
    }

    private static void Try(string otherwise, Action step)
    {
        try
        {
            step();
        }
        catch (KernelException refusal)
        {
            // The command runs all the same.
            Console.Error.WriteLine($"{otherwise}: {refusal.Message}");
        }
    }

    /// <summary>The program's file, looked up in PATH as execvp does; null when there is none.</summary>
    internal static string? Find(string name, string? path)
    {
        if (name.Contains('/'))
            return File.Exists(name) ? name : null;
        path ??= "/usr/local/bin:/usr/bin:/bin";
        const UnixFileMode execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return path.Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(file => File.Exists(file) && (File.GetUnixFileMode(file) & execute) != 0);
    }
}
