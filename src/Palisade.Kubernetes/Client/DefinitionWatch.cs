using System.Text.Json;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Client;

/// <summary>
/// Tells as soon as a CustomResourceDefinition makes a resource, where the server lets us watch definitions.
/// </summary>
internal static class DefinitionWatch
{
    /// <summary>
    /// Whether the resource's definition is established and serves its version: true once it is, false when that cannot
    /// be followed (not allowed, no definitions, the watch ended).
    /// </summary>
    public static async Task<bool> AppearsAsync(KubeClient client, KubeResource resource, CancellationToken cancel)
    {
        var selector = Uri.EscapeDataString($"metadata.name={resource}");
        var path = $"{KubeResource.Definitions.Collection()}?watch=true&fieldSelector={selector}&timeoutSeconds=300";
        try
        {
            using var response = await client.OpenAsync(HttpMethod.Get, path, null, cancel).ConfigureAwait(false);
            await using var stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
            var lines = new LineReader(stream);
            while (await lines.NextAsync(cancel).ConfigureAwait(false) is { } line)
            {
                if (!line.Span.Trim((byte)'\r').IsEmpty && Serves(WireRead.Object(line.Span), resource))
                    return true;
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or KubeApiException or InvalidDataException
            or JsonException or OperationCanceledException)
        {
            // Whoever may not watch definitions looks for the resource itself now and then.
        }

        return false;
    }

    private static bool Serves(WireObject entry, KubeResource resource)
    {
        if (Text(entry, "type") is not ("ADDED" or "MODIFIED") || entry["object"] is not WireObject definition)
            return false;
        return Items(definition["spec"], "versions").Any(
                version => Text(version, "name") == resource.Version && version["served"] is WireBool { Value: true })
            && Items(definition["status"], "conditions").Any(
                condition => Text(condition, "type") == "Established" && Text(condition, "status") == "True");
    }

    private static IEnumerable<WireObject> Items(WireValue? of, string name) =>
        ((of as WireObject)?[name] as WireArray)?.Items.OfType<WireObject>() ?? [];

    private static string? Text(WireObject from, string name) => (from[name] as WireString)?.Value;
}
