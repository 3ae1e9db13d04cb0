using System.Text.Json.Nodes;

namespace Palisade.Lab.Pods;

/// <summary>
/// Chooses a node for a pod: among those whose labels spec.nodeSelector names, the one with the fewest pods.
/// </summary>
internal static class Scheduler
{
    /// <summary>The node's name, or null when none fits.</summary>
    /// <param name="pod">A pod without a node.</param>
    /// <param name="nodes">Names and labels, in the order that settles ties.</param>
    /// <param name="load">How many pods each has.</param>
    public static string? Choose(
        PodObject pod, IEnumerable<(string Name, JsonNode? Labels)> nodes, IReadOnlyDictionary<string, int> load) =>
        nodes.Where(node => pod.NodeSelector.All(wanted => PodObject.Text(node.Labels?[wanted.Key]) == wanted.Value))
            .Select(node => node.Name)
            .OrderBy(name => load.GetValueOrDefault(name))
            .FirstOrDefault();
}
