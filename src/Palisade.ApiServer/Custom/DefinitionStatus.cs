using System.Text.Json.Nodes;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Custom;

/// <summary>
/// The status of a CustomResourceDefinition: whether its names are free and it is served. Said with each write of a
/// definition, so there is no moment when it is stored and not yet decided.
/// </summary>
internal static class DefinitionStatus
{
    public const string Finalizer = "customresourcecleanup.apiextensions.k8s.io";

    public static bool IsEstablished(JsonObject definition) => Cell.Holds(definition["status"], "Established");

    public static bool IsTerminating(JsonObject definition) => definition["metadata"]?["deletionTimestamp"] is not null;

    /// <summary>Sets a definition's status among the others; <paramref name="taken"/>: built-in names.</summary>
    public static void Set(
        JsonObject definition, IEnumerable<JsonObject> others, Func<string, string, bool> taken, DateTimeOffset now)
    {
        if (definition["status"] is not JsonObject status)
            definition["status"] = status = [];
        var names = definition["spec"]!["names"]!.AsObject();
        var conflict = Conflict(definition, names, [.. others], taken);
        if (status["conditions"] is not JsonArray)
            status["conditions"] = new JsonArray();
        if (conflict is null)
            status["acceptedNames"] = names.DeepClone();
        else
            status["acceptedNames"] ??= new JsonObject { ["kind"] = "", ["plural"] = "" };
        Say(definition, "NamesAccepted", conflict is null, conflict?.Reason ?? "NoConflicts",
            conflict is null ? "no conflicts found" : $"\"{conflict.Value.Name}\" is already in use", now);
        // Once established it stays so: its objects are still there.
        var established = conflict is null || IsEstablished(definition);
        Say(definition, "Established", established, established ? "InitialNamesAccepted" : "NotAccepted",
            established ? "the initial names have been accepted" : "not all names are accepted", now);
        var stored = Cell.Texts(status["storedVersions"]).ToList();
        var storage = Cell.Objects(definition["spec"]!["versions"])
            .Where(version => Cell.Flag(version["storage"])).Select(version => Cell.Text(version["name"]));
        status["storedVersions"] = new JsonArray([.. stored.Union(storage).Select(name => (JsonNode)name)]);
    }

    /// <summary>Says that the definition's objects are being deleted.</summary>
    public static void Terminate(JsonObject definition, DateTimeOffset now)
    {
        var meta = Metadata.Of(definition);
        var finalizers = Cell.Texts(meta["finalizers"]).Append(Finalizer).Distinct();
        meta["finalizers"] = new JsonArray([.. finalizers.Select(name => (JsonNode)name)]);
        if (definition["status"] is JsonObject)
        {
            Say(definition, "Terminating", true, "InstanceDeletionInProgress",
                "CustomResource deletion is in progress", now);
        }
    }

    private static void Say(
        JsonObject definition, string type, bool holds, string reason, string message, DateTimeOffset now)
    {
        var conditions = definition["status"]!["conditions"]!.AsArray();
        var condition = Cell.Conditions(definition["status"], type).FirstOrDefault();
        if (condition is null)
            conditions.Add((JsonNode)(condition = new JsonObject { ["lastTransitionTime"] = Metadata.Time(now) }));
        var status = holds ? "True" : "False";
        if (Cell.Text(condition["status"]) != status)
            condition["lastTransitionTime"] = Metadata.Time(now);
        (condition["message"], condition["reason"]) = (message, reason);
        (condition["status"], condition["type"]) = (status, type);
    }

    private static (string Reason, string Name)? Conflict(
        JsonObject definition, JsonObject names, List<JsonObject> others, Func<string, string, bool> taken)
    {
        var group = Cell.Text(definition["spec"]!["group"]);
        var rivals = others.Where(other => Cell.Text(other["spec"]?["group"]) == group)
            .Select(other => other["status"]?["acceptedNames"]).ToList();
        bool IsTaken(string name) => name.Length > 0 && (taken(group, name)
            || rivals.Exists(rival => Cell.Text(rival?["plural"]) == name || Cell.Text(rival?["singular"]) == name
                || Cell.Texts(rival?["shortNames"]).Contains(name)));
        bool IsKind(string kind) => kind.Length > 0 && rivals.Exists(rival =>
            Cell.Text(rival?["kind"]) == kind || Cell.Text(rival?["listKind"]) == kind);
        string Given(string field) => Cell.Text(names[field]);
        if (IsTaken(Given("plural")))
            return ("PluralConflict", Given("plural"));
        if (IsTaken(Given("singular")))
            return ("SingularConflict", Given("singular"));
        foreach (var name in Cell.Texts(names["shortNames"]).Where(IsTaken))
            return ("ShortNamesConflict", name);
        if (IsKind(Given("kind")))
            return ("KindConflict", Given("kind"));
        if (IsKind(Given("listKind")))
            return ("ListKindConflict", Given("listKind"));
        return null;
    }
}
