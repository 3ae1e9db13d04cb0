using System.Text.Json.Nodes;
using Palisade.ApiServer;

namespace Palisade.Lab;

/// <summary>
/// The exercise's cluster: namespace dev-team with web, which listens on port 80 and has a Service of its name,
/// frontend and stranger.
/// </summary>
internal static class DemoObjects
{
    private const string Namespace = "dev-team";

    /// <summary>Creates what is not there.</summary>
    public static void Create(ObjectStore store)
    {
        if (store.Get("namespaces", null, Namespace) is null)
        {
            store.Create(new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Namespace",
                ["metadata"] = new JsonObject { ["name"] = Namespace },
            });
        }

        (string Name, string Image, int? Port)[] pods =
            [("web", "nginx", 80), ("frontend", "busybox", null), ("stranger", "busybox", null)];
        foreach (var (name, image, port) in pods)
        {
            if (store.Get("pods", Namespace, name) is null)
                store.Create(Pod(name, image, port));
        }

        if (store.Get("services", Namespace, "web") is null)
            store.Create(Service("web", 80));
    }

    private static JsonObject Service(string name, int port) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = Namespace },
        ["spec"] = new JsonObject
        {
            ["selector"] = new JsonObject { ["app"] = name },
            ["ports"] = new JsonArray(new JsonObject { ["port"] = port }),
        },
    };

    private static JsonObject Pod(string name, string image, int? port)
    {
        var container = new JsonObject { ["name"] = name, ["image"] = image };
        if (port is { } number)
            container["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["containerPort"] = number });
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["namespace"] = Namespace,
                ["labels"] = new JsonObject { ["app"] = name },
            },
            ["spec"] = new JsonObject { ["containers"] = new JsonArray(container) },
        };
    }
}
