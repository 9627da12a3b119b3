import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { entryFields } from '../shared/parquet/entries.ts';
import { featureFields, labelFields } from '../shared/parquet/features.ts';
import type { Field, FieldType } from '../shared/parquet/file.ts';
import { type Dataset, parquetPrefix, shareCount } from '../shared/parquet/places.ts';

const glueTypes: Readonly<Record<FieldType, string>> = {
  text: 'string',
  int32: 'int',
  int64: 'bigint',
  double: 'double',
  flag: 'boolean',
  instant: 'timestamp',
  bytes: 'binary',
};

const tables: readonly { readonly dataset: Dataset; readonly fields: readonly Field[]; readonly description: string }[] = [
  { dataset: 'entries', fields: entryFields, description: 'Aegis: audit entries, one a row' },
  { dataset: 'features', fields: featureFields, description: 'Aegis: what the model saw of each decision' },
  { dataset: 'labels', fields: labelFields, description: 'Aegis: what became known of transactions' },
];

/** No row is of an earlier day. */
const firstDay = '2015-01-01';

/** The compacted archive as Athena sees it: partitions are computed from day and share, so that no crawler and no call adds them. */
export class Catalogue extends Construct {
  constructor(scope: Construct, id: string, props: { readonly databaseName: string; readonly archiveBucket: Bucket }) {
    super(scope, id);
    const { databaseName, archiveBucket } = props;
    const catalogId = Stack.of(this).account;
    const database = new CfnDatabase(this, 'Database', {
      catalogId,
      databaseInput: { name: databaseName, description: 'Aegis: the compacted archive, docs/archive.md' },
    });
    for (const { dataset, fields, description } of tables) {
      const location = `s3://${archiveBucket.bucketName}/${parquetPrefix}${dataset}/`;
      new CfnTable(this, `${dataset[0]!.toUpperCase()}${dataset.slice(1)}`, {
        catalogId,
        databaseName,
        tableInput: {
          name: dataset,
          description,
          tableType: 'EXTERNAL_TABLE',
          partitionKeys: [
            { name: 'day', type: 'string', comment: 'UTC day of the row, yyyy-mm-dd' },
            { name: 'share', type: 'int', comment: `0..${shareCount - 1}` },
          ],
          parameters: {
            classification: 'parquet',
            'projection.enabled': 'true',
            'projection.day.type': 'date',
            'projection.day.format': 'yyyy-MM-dd',
            'projection.day.range': `${firstDay},NOW+1DAYS`,
            'projection.share.type': 'integer',
            'projection.share.range': `0,${shareCount - 1}`,
            // biome-ignore lint/suspicious/noTemplateCurlyInString: Athena fills these in.
            'storage.location.template': `${location}${'day=${day}/share=${share}/'}`,
          },
          storageDescriptor: {
            location,
            columns: fields.map(({ name, type, meaning, unit }) => ({
              name,
              type: glueTypes[type],
              comment: unit === null ? meaning : `${meaning}; ${unit}`,
            })),
            inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
            outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
            serdeInfo: { serializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' },
          },
        },
      }).addResourceDependency(database);
    }
  }
}
