using System.Globalization;
using System.Text;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab;

/// <summary>
/// Ends what a lab that was killed left running: children of a pod's command, which PR_SET_PDEATHSIG does not reach.
/// They are known by the mark in their environment, so nothing else can be meant.
/// </summary>
internal static class StaleChildren
{
    /// <summary>Kills every process of this user that carries the mark; answers how many there were.</summary>
    public static int End(string mark)
    {
        var wanted = $"{LabOptions.Marker}={mark}";
        var ended = 0;
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var process)
                && process != Environment.ProcessId && Carries(directory, wanted)
                    && ProcessControl.Signal(process, ProcessControl.KillSignal))
                ended++;
        }

        return ended;
    }

    private static bool Carries(string directory, string wanted)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes($"{directory}/environ")).Split('\0').Contains(wanted);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;   // it ended, or belongs to somebody else
        }
    }
}
