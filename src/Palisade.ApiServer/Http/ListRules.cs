using System.Text.Json.Nodes;
using Palisade.Kubernetes.Validate;

namespace Palisade.ApiServer.Http;

/// <summary>Which list and watch parameters go together (apimachinery metainternalversion/validation).</summary>
internal static class ListRules
{
    private const string Match = "resourceVersionMatch";

    public static void CheckList(RequestQuery query)
    {
        var causes = new List<Cause>();
        if (query.ResourceVersionMatch is { } match)
        {
            if (query.Continue is not null)
                causes.Add(Causes.Forbidden(Match, "resourceVersionMatch is forbidden when continue is provided"));
            if (query.ResourceVersion is null)
                causes.Add(
                    Causes.Forbidden(Match, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
            if (match is not ("Exact" or "NotOlderThan"))
                causes.Add(Causes.NotSupported(Match, $"\"{match}\"", "Exact", "NotOlderThan", ""));
            else if (match == "Exact" && query.ResourceVersion == "0")
                causes.Add(
                    Causes.Forbidden(Match, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
        }

        if (query.SendInitialEvents is not null)
            causes.Add(Causes.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        Refuse(causes);
        if (query.Continue is not null && query.ResourceVersion is not (null or "0"))
            throw Errors.BadRequest("specifying resource version is not allowed when using continue");
    }

    public static void CheckWatch(RequestQuery query)
    {
        var causes = new List<Cause>();
        var match = query.ResourceVersionMatch;
        if (query.SendInitialEvents is not null && match != "NotOlderThan")
        {
            causes.Add(
                Causes.Forbidden(Match, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
        }

        if (match is not null)
        {
            if (query.SendInitialEvents is null)
            {
                causes.Add(Causes.Forbidden(
                    Match, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
            }

            if (match != "NotOlderThan")
                causes.Add(Causes.NotSupported(Match, $"\"{match}\"", "NotOlderThan"));
            if (query.Continue is not null)
                causes.Add(Causes.Forbidden(Match, "resourceVersionMatch is forbidden when continue is provided"));
        }

        Refuse(causes);
    }

    /// <summary>504: a client has seen a later state than this server has; it retries.</summary>
    public static StatusException TooLarge(long wanted, long current) =>
        new(504, "Timeout", $"Timeout: Too large resource version: {wanted}, current: {current}", new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject
            {
                ["reason"] = "ResourceVersionTooLarge",
                ["message"] = "Too large resource version",
            }),
            ["retryAfterSeconds"] = 1,
        });

    private static void Refuse(IReadOnlyList<Cause> causes)
    {
        if (causes.Count > 0)
            throw Errors.Invalid("meta.k8s.io", "ListOptions", "", causes);
    }
}
