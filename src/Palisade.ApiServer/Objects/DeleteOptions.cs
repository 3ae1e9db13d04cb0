using System.Globalization;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;

namespace Palisade.ApiServer.Objects;

/// <summary>meta/v1 DeleteOptions, from a body or from query parameters.</summary>
internal sealed record DeleteOptions
{
    public bool DryRun { get; init; }

    public long? GracePeriodSeconds { get; init; }

    /// <summary>What becomes of those it owns: Foreground, Background, Orphan; null: not said.</summary>
    public string? Propagation { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }

    public static DeleteOptions Read(JsonObject? body, RequestQuery query)
    {
        var dryRun = query.DryRun.Concat(Cell.Texts(body?["dryRun"])).Where(value => value.Length > 0).ToList();
        var policy = Cell.Text(body?["propagationPolicy"]) is { Length: > 0 } given ? given : query.PropagationPolicy;
        var causes = new List<Cause>();
        foreach (var value in dryRun.Where(value => value != "All"))
            causes.Add(Causes.NotSupported("dryRun", $"\"{value}\"", "All"));
        if (policy is not (null or "Foreground" or "Background" or "Orphan"))
            causes.Add(
                Causes.NotSupported("propagationPolicy", $"\"{policy}\"", "Foreground", "Background", "Orphan", "nil"));
        if (policy is not null && (body?["orphanDependents"] is not null || query.OrphanDependents is not null))
        {
            causes.Add(Causes.Invalid(
                "propagationPolicy", $"\"{policy}\"", "orphanDependents and deletionPropagation cannot be both set"));
        }

        if (causes.Count > 0)
            throw Errors.Invalid("meta.k8s.io", "DeleteOptions", "", causes);
        return new DeleteOptions
        {
            DryRun = dryRun.Count > 0,
            Propagation = policy ?? (Cell.Flag(body?["orphanDependents"]) ? "Orphan" : null),
            GracePeriodSeconds = body?["gracePeriodSeconds"] is { } seconds
                ? Cell.Number(seconds)
                : query.GracePeriodSeconds,
            Uid = Text(body?["preconditions"]?["uid"]),
            ResourceVersion = Text(body?["preconditions"]?["resourceVersion"]),
        };
    }

    public void CheckPreconditions(KindSchema kind, StoredObject existing)
    {
        if (Uid is not null && Uid != existing.Uid)
        {
            throw Errors.Conflict(
                kind,
                existing.Key.Name,
                $"Precondition failed: UID in precondition: {Uid}, UID in object meta: {existing.Uid}");
        }

        var version = existing.Version.ToString(CultureInfo.InvariantCulture);
        if (ResourceVersion is not null && ResourceVersion != version)
        {
            throw Errors.Conflict(
                kind,
                existing.Key.Name,
                $"Precondition failed: ResourceVersion in precondition: {ResourceVersion}, " +
                $"ResourceVersion in object meta: {version}");
        }
    }

    private static string? Text(JsonNode? node) => Cell.Text(node) is { Length: > 0 } text ? text : null;
}
