using Palisade.Kubernetes.Cel;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// A structural schema (apiextensions apiserver/schema): every specified field has a type, what values look like is
/// said once, and patterns, defaults and rules mean something.
/// </summary>
internal sealed class SchemaValidation
{
    private static readonly string[] _types = ["array", "boolean", "integer", "number", "object", "string"];

    private static readonly string[] _unsupported =
        ["$ref", "definitions", "dependencies", "patternProperties", "id", "additionalItems"];

    // What schemas within allOf, anyOf, oneOf and not must leave to the structure around them.
    private static readonly string[] _structural =
    [
        "type", "description", "default", "nullable", "additionalProperties", "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys", "x-kubernetes-map-type",
    ];

    private readonly CauseList _causes;

    private SchemaValidation(CauseList causes) => _causes = causes;

    /// <summary>The schema of a whole object.</summary>
    public static void Check(Place root, CauseList causes)
    {
        var before = causes.Count;
        var validation = new SchemaValidation(causes);
        if (root["type"].IsPresent && root["type"].Text is not ("object" or ""))
            causes.Invalid(root["type"], root["type"].Text, "must be object at the root");
        validation.Structure(root, "at the root");
        if (causes.Count > before)
            return;
        // Rules and defaults speak of the schema as it is read, which is in order by now.
        var spec = (WireObject)root.Value!;
        validation.Meaning(root, CustomSchemaReader.Node(spec));
    }

    private void Structure(Place node, string where)
    {
        var type = node["type"];
        var isOpen = node["x-kubernetes-int-or-string"].IsTrue || node["x-kubernetes-preserve-unknown-fields"].IsTrue;
        if (type.Text.Length == 0 && (!isOpen || where == "at the root"))
            _causes.Required(type, $"must not be empty {where}");
        else if (type.Text.Length > 0 && !_types.Contains(type.Text))
            _causes.NotSupported(type, type.Text, _types);
        if (type.Text.Length > 0 && node["x-kubernetes-int-or-string"].IsTrue)
            _causes.Invalid(type, type.Text, "must be empty if x-kubernetes-int-or-string is true");
        if (node["x-kubernetes-embedded-resource"].IsTrue && type.Text != "object")
            _causes.Invalid(type, type.Text, "must be object if x-kubernetes-embedded-resource is true");
        Common(node);
        List(node, type);
        if (node["additionalProperties"].Value is WireBool { Value: false })
            _causes.Forbidden(node["additionalProperties"], "additionalProperties cannot be set to false");
        else if (node["additionalProperties"].IsPresent && node["properties"].Members.Length > 0)
        {
            _causes.Forbidden(
                node["additionalProperties"], "additionalProperties and properties are mutual exclusive");
        }

        foreach (var property in Properties(node))
            Structure(property, "for specified object fields");
        if (node["additionalProperties"].Value is WireObject)
            Structure(node["additionalProperties"], "for specified object fields");
        if (node["items"].Value is WireObject)
            Structure(node["items"], "for specified array items");
        foreach (var part in Parts(node))
            Nested(part);
    }

    private void List(Place node, Place type)
    {
        if (node["items"].Value is WireArray)
            _causes.Forbidden(node["items"], "items must be a schema object and not an array");
        else if (type.Text == "array" && !node["items"].IsPresent)
            _causes.Required(node["items"], "must be specified");
        var list = node["x-kubernetes-list-type"];
        if (list.IsPresent && list.Text is not ("atomic" or "set" or "map"))
            _causes.NotSupported(list, list.Text, "atomic", "set", "map");
        if (list.IsPresent && type.Text != "array")
            _causes.Invalid(type, type.Text, "must be array if x-kubernetes-list-type is specified");
        var keys = node["x-kubernetes-list-map-keys"];
        if (list.Text == "map" && keys.Count == 0)
            _causes.Required(keys, "must not be empty if x-kubernetes-list-type is map");
        foreach (var key in keys.Items().Where(key => !node["items"]["properties"][key.Text].IsPresent))
            _causes.Invalid(key, key.Text, "entries must all be names of item properties");
    }

    private void Common(Place node)
    {
        foreach (var word in _unsupported.Where(word => node[word].IsPresent))
            _causes.Forbidden(node[word], $"{word} is not supported");
        if (node["uniqueItems"].IsTrue)
        {
            _causes.Forbidden(node["uniqueItems"],
                "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        }

        var pattern = node["pattern"];
        if (pattern.Text.Length > 0 && GoPattern.TryCompile(pattern.Text) is null)
            _causes.Invalid(pattern, pattern.Text, "must be a valid regular expression");
    }

    private void Nested(Place node)
    {
        foreach (var word in _structural.Where(word => node[word].IsPresent))
        {
            // type may say which of the two an int-or-string is.
            if (word != "type" || node["type"].Text is not ("integer" or "string"))
                _causes.Forbidden(node[word], "must be empty to be structural");
        }

        Common(node);
        foreach (var property in Properties(node))
            Nested(property);
        if (node["items"].Value is WireObject)
            Nested(node["items"]);
        foreach (var part in Parts(node))
            Nested(part);
    }

    private void Meaning(Place node, CustomSchema schema)
    {
        if (schema.Default is { } value)
            CustomValidation.CheckMeaning(node["default"] with { Value = value }, schema, _causes);
        foreach (var (rule, written) in schema.Rules.Zip(node["x-kubernetes-validations"].Items()))
            Rule(rule, written, schema);
        foreach (var property in Properties(node).Where(property => property.Value is WireObject))
        {
            var name = property.Path[(property.Path.LastIndexOf('[') + 1)..^1];
            if (schema[name] is { } part)
                Meaning(property, part);
        }

        if (schema.Items is { } items && node["items"].Value is WireObject)
            Meaning(node["items"], items);
        if (schema.Values is { } values && node["additionalProperties"].Value is WireObject)
            Meaning(node["additionalProperties"], values);
    }

    private void Rule(CustomRule rule, Place written, CustomSchema schema)
    {
        if (rule.Rule.Length == 0)
        {
            _causes.Required(written["rule"], "rule is not specified");
            return;
        }

        Expression(written["rule"], rule.Rule, schema);
        if (rule.MessageExpression is { } message)
            Expression(written["messageExpression"], message, schema);
        if (rule.Message?.Contains('\n') == true)
            _causes.Invalid(written["message"], rule.Message, "message must not contain line breaks");
        var reason = written["reason"];
        if (reason.Text.Length > 0 && reason.Text is not
            ("FieldValueRequired" or "FieldValueInvalid" or "FieldValueForbidden" or "FieldValueDuplicate"))
        {
            _causes.NotSupported(reason, reason.Text,
                "FieldValueRequired", "FieldValueForbidden", "FieldValueInvalid", "FieldValueDuplicate");
        }
    }

    private void Expression(Place place, string text, CustomSchema schema)
    {
        var (program, problem) = CelProgram.Parse(text);
        problem ??= CelChecker.Problem(program!, text, schema);
        if (problem is not null)
            _causes.Invalid(place, text, $"compilation failed: {problem}");
    }

    private static IEnumerable<Place> Properties(Place node) => node["properties"].Members.Select(member =>
        new Place($"{node.Path}.properties[{member.Name}]", member.Value, member.At));

    private static IEnumerable<Place> Parts(Place node) => node["allOf"].Items().Concat(node["anyOf"].Items())
        .Concat(node["oneOf"].Items()).Concat(node["not"].IsPresent ? [node["not"]] : []);
}
