using System.Text.Json.Nodes;

namespace Palisade.Lab.Pods;

/// <summary>What whoever creates a pod is told (a Warning header, which kubectl prints).</summary>
internal static class PodWarnings
{
    /// <summary>That the image is not pulled, and what listens instead.</summary>
    public static string? For(JsonObject json)
    {
        var pod = new PodObject(json);
        var commands = pod.LongRunning.Where(container => !container.Command.IsEmpty).ToList();
        var ports = ContainerHost.PortsOf(pod);
        var parts = new List<string>();
        if (ports.Count > 0)
        {
            var undeclared = pod.LongRunning.All(container => container.Ports.IsEmpty) ? " (no port is declared)" : "";
            parts.Add($"a built-in server listens on {string.Join(", ", ports)}{undeclared}");
        }

        if (commands.Count > 0)
        {
            var programs = string.Join(", ", commands.Select(container => container.Command[0]));
            parts.Add($"{programs} runs from this machine, as you");
        }

        var skipped = pod.InitContainers.Except(pod.Sidecars).Where(container => !container.Command.IsEmpty).ToList();
        if (skipped.Count > 0)
        {
            parts.Add($"the commands of init containers do not run ({string.Join(
                ", ", skipped.Select(container => container.Name))})");
        }

        return parts.Count == 0 ? null : $"images are not pulled here: {string.Join("; ", parts)}";
    }
}
