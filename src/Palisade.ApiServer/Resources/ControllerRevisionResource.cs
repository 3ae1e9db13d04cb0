using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>apps/v1 ControllerRevision: the templates that a StatefulSet or DaemonSet had.</summary>
internal static class ControllerRevisionResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("apps/v1", "ControllerRevision")!,
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Controller", "string", "Controller of the object"),
                new("Revision", "string", "Which of the controller's templates it is, counted from 1."),
                TableColumn.Age,
            ],
            (tree, now) => new TableRow(
                [Cell.Name(tree), Owner(tree), $"{Cell.Number(tree["revision"])}", Cell.Age(tree, now)])),
    };

    private static string Owner(JsonObject tree)
    {
        var owner = Cell.Objects(tree["metadata"]?["ownerReferences"])
            .FirstOrDefault(owner => Cell.Flag(owner["controller"]));
        if (owner is null)
            return Cell.None;
        var group = Cell.Text(owner["apiVersion"]).Split('/') is [var name, _] ? "." + name : "";
        return $"{Cell.Text(owner["kind"]).ToLowerInvariant()}{group}/{Cell.Text(owner["name"])}";
    }
}
