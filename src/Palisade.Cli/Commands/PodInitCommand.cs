using Palisade.Lab.Pods;

namespace Palisade.Cli.Commands;

/// <summary>The hidden step between `up` and a pod's command; see <see cref="PodCommandShim"/>.</summary>
internal static class PodInitCommand
{
    /// <summary>Whether `up` started this program for a pod.</summary>
    public static bool Matches(string[] args) => args is [PodCommandShim.Verb, ..];

    /// <summary>Becomes the pod's command; returns only when it cannot.</summary>
    public static int Run(string[] args) => PodCommandShim.Run(args[1..]);
}
